// Any number of viewers from one encoder: three watch, one leaves and comes back.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { decode_frames, figure, launch, open_page, received } from "./browser.mjs";
import { Program } from "./program.mjs";

let camera, browser;
const viewers = [];

before(async () => {
  camera = await Program.start("petrel-camera", "--size", "1280x720", "--fps", "30");
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await camera?.stop();
});

async function all_play_on() {
  const now = await Promise.all(viewers.map((viewer) => received(viewer, "video")));
  await Promise.all(viewers.map((viewer, index) => decode_frames(viewer, 30, now[index].frames)));
}

test("three viewers watch at once", async () => {
  for (let count = 0; count < 3; ++count) viewers.push(await open_page(browser, camera.url));
  await all_play_on();
});

test("two play on when the third leaves", async () => {
  await viewers.pop().context().close();
  await all_play_on();
});

// It joins between two key frames of a stream that runs, so it needs one of its own.
test("the one who left comes back to a picture, and nobody's stops", async () => {
  viewers.push(await open_page(browser, camera.url));
  await all_play_on();
});

test("every viewer's picture came from the same encoder", async () => {
  for (const [index, viewer] of viewers.entries()) {
    const video = await received(viewer, "video");
    const first = await viewer.evaluate(() => window.petrelHarness.first_picture_ms);
    figure(`viewer ${index}: first picture after ${first} ms, ${video.frames} frames, ${video.dropped} dropped, ` +
      `${video.key_frames} key frames, ${video.plis} PLI`);
  }
});
