// Interfaces that come, go and change in the middle of the picture, on either side.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { decode_frames, figure, launch, open_page, received, until } from "./browser.mjs";
import { camera_at, longest_gap, paths_in_use, TwoPaths, watch_frames } from "./two_paths.mjs";

// As a page whose user has let it use the microphone, Chromium tells the addresses of all of its interfaces; a page that
// only watches, that of its default route. Then there is no other way to it before it has noticed by itself.
const tells_all = process.argv.includes("--all-addresses");
const frames_after = 45;  // One and a half seconds of the picture.
let paths, camera, browser, page;

before(async () => {
  paths = TwoPaths.create();
  paths.camera_link("cable", "down");
  camera = await paths.start_camera();
  browser = await launch(tells_all ? { trusted: new URL(camera.url).origin } : {});
  page = await open_page(browser, camera.url, undefined, tells_all ? ["camera", "microphone"] : []);
  await decode_frames(page, 30);
  await page.evaluate(() => (window.petrelFirst = window.petrelHarness.connection()));
  await watch_frames(page);
});

after(async () => {
  await browser?.close();
  await camera?.stop();
});

// Makes a change and watches what happens to the picture, until it goes on.
async function watch_through(what, change) {
  await longest_gap(page);
  const before = (await longest_gap(page)).count;
  let worst = 0;
  await change();
  await until(page, `the picture to go on after this: ${what}`, async () => {
    const { longest, count } = await longest_gap(page);
    worst = Math.max(worst, longest);
    return count;
  }, (count) => count >= before + frames_after);
  const { camera: from, browser: to } = await paths_in_use(camera);
  figure(`${what}: at most ${worst} ms without a frame; from ${from} to ${to}`);
}

async function expect_one_session() {
  const same = await page.evaluate(() => window.petrelFirst === window.petrelHarness.connection());
  assert.ok(same, "the page had to connect anew");
  const { viewers_served } = await (await fetch(new URL("/stats", camera.url))).json();
  assert.equal(viewers_served, 1);
}

const scenario = (what, change, wanted = () => ({})) =>
  test(what, async () => {
    await watch_through(what, change);
    for (const [side, path] of Object.entries(wanted())) {
      await until(page, `${side} to use ${path}`, () => paths_in_use(camera), (used) => used[side] === path);
    }
    await expect_one_session();
  });

scenario("a second interface of the camera comes up", () => paths.camera_link("cable", "up"), () => ({ camera: "wifi" }));
scenario("the camera's interface in use goes down", () => paths.camera_link("wifi", "down"), () => ({ camera: "cable" }));
scenario("it comes back", () => paths.camera_link("wifi", "up"));
scenario("the address of the interface in use changes", async () => {
  const { camera: path } = await paths_in_use(camera);
  paths.change_camera_address(path, camera_at[path].replace(/\d+$/, "7"));
});
let down;
scenario("the browser's interface in use goes down", async () => {
  ({ browser: down } = await paths_in_use(camera));
  paths.browser_link(down, "down");
}, () => ({ browser: down === "wifi" ? "cable" : "wifi" }));
scenario("it comes back, too", () => paths.browser_link(down, "up"));

test("it was one connection all the time, and nobody complained", async () => {
  const video = await received(page, "video");
  figure(`${video.frames} frames decoded, ${video.lost} packets lost, ${video.key_frames} key frames`);
  assert.deepEqual(page.complaints, []);
});
