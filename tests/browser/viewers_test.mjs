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

const all_received = () => Promise.all(viewers.map((viewer) => received(viewer, "video")));

// Waits until every viewer has decoded 30 frames more.
async function all_play_on() {
  const now = await all_received();
  await Promise.all(viewers.map((viewer, index) => decode_frames(viewer, 30, now[index]?.frames ?? 0)));
}

const camera_statistics = () => viewers[0].evaluate(async () => (await fetch("/stats")).json());

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

// Were there an encoder for each, they would have encoded as much as arrives.
test("what arrives at three viewers was encoded once", async () => {
  const [encoded_before, before] = [await camera_statistics(), await all_received()];
  await all_play_on();
  const [after, encoded_after] = [await all_received(), await camera_statistics()];

  const encoded = encoded_after.frames - encoded_before.frames;
  const arrived = after.reduce((sum, video, index) => sum + video.frames_received - before[index].frames_received, 0);
  figure(`${encoded} frames encoded, ${arrived} arrived; ${encoded_after.key_frames} key frames in all`);
  assert.equal(encoded_after.viewers.length, 3);
  assert.ok(arrived > 1.5 * encoded);
});

test("each viewer tells how it went", async () => {
  for (const [index, video] of (await all_received()).entries()) {
    const first = await viewers[index].evaluate(() => window.petrelHarness.first_picture_ms);
    figure(`viewer ${index}: first picture after ${first} ms, ${video.frames} frames, ${video.dropped} dropped, ` +
      `${video.key_frames} key frames, ${video.plis} PLI`);
    assert.ok(video.frames > 0);
  }
});
