// An ICE restart in the middle of the picture, as a page asks for it by WHEP.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { decode_frames, figure, launch, open_page, received, until } from "./browser.mjs";
import { Program } from "./program.mjs";

let camera, browser, page;

before(async () => {
  camera = await Program.start("petrel-camera", "--size", "640x360", "--fps", "30");
  browser = await launch();
  page = await open_page(browser, camera.url);
  await decode_frames(page, 30);
});

after(async () => {
  await browser?.close();
  await camera?.stop();
});

const ufrag = (sdp) => sdp.match(/a=ice-ufrag:(\S+)/)[1];
const ends = () => page.evaluate(() => [
  window.petrelHarness.connection().localDescription.sdp, window.petrelHarness.connection().remoteDescription.sdp]);

test("the picture goes on through three restarts, over new credentials on both sides", async () => {
  // How long the page goes without a newly decoded frame, looked at every few milliseconds.
  await page.evaluate(() => {
    window.gap = { longest: 0, frames: 0, since: performance.now() };
    window.gap.timer = setInterval(async () => {
      const video = await window.petrelHarness.received("video");
      const now = performance.now();
      if (video && video.frames !== window.gap.frames) {
        window.gap.frames = video.frames;
        window.gap.since = now;
      }
      window.gap.longest = Math.max(window.gap.longest, now - window.gap.since);
    }, 10);
  });
  for (let restart = 0; restart < 3; ++restart) {
    const before = (await ends()).map(ufrag);
    const frames = (await received(page, "video")).frames;
    await page.evaluate(() => window.petrel.restart());
    const behind = (await ends()).map(ufrag);
    assert.notEqual(behind[0], before[0]);
    assert.notEqual(behind[1], before[1]);
    await decode_frames(page, 60, frames);
    await until(page, "the restarted connection", () => page.evaluate(() => window.petrelHarness.connection().connectionState),
      (state) => state === "connected");
  }
  const gap = await page.evaluate(() => {
    clearInterval(window.gap.timer);
    return window.gap.longest;
  });
  figure(`longest time without a decoded frame: ${Math.round(gap)} ms`);
});

test("it was one session, and nobody complained", async () => {
  assert.deepEqual(page.complaints, []);
  const told = await (await fetch(new URL("/stats", camera.url))).json().catch(() => null);
  if (told) assert.equal(told.viewers_served, 1);
});
