// petrel-camera to Chromium over TCP candidates (RFC 6544): Chromium connects, the camera listens.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { decode_frames, figure, launch, open_page } from "./browser.mjs";
import { Program } from "./program.mjs";

let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

const plays = async (mode, frames) => {
  const camera = await Program.start("petrel-camera", "--size", "640x360", "--ice-tcp", mode);
  try {
    const page = await open_page(browser, camera.url);
    const video = await decode_frames(page, frames);
    figure(`--ice-tcp ${mode}: ${video.frames} frames, by ${video.protocol}, lost ${video.lost}`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
    return video;
  } finally {
    assert.equal(await camera.stop(), 0, camera.output);
  }
};

test("a camera without UDP is seen over TCP", async () => {
  const video = await plays("only", 120);
  assert.equal(video.protocol, "tcp");
  assert.equal(video.lost, 0);
});

test("a camera with both is seen over UDP", async () => {
  const video = await plays("on", 60);
  assert.equal(video.protocol, "udp");
});
