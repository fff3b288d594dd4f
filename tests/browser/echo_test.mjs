// Chromium's fake camera and microphone through petrel-echo and back: echo_test.mjs VP8|H264

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { decode_frames, figure, hear, launch, open_page, received, until } from "./browser.mjs";
import { Program } from "./program.mjs";

const codec = process.argv[2] ?? "VP8";
let echo, browser, page;

before(async () => {
  echo = await Program.start("petrel-echo");
  browser = await launch({ devices: true });
});

after(async () => {
  await browser?.close();
  await echo?.stop();
});

test(`the camera comes back as ${codec}`, async () => {
  page = await open_page(browser, `${echo.url}?codec=${codec}`);

  const video = await decode_frames(page, 60);

  assert.equal(video.codec, `video/${codec}`);
  figure(`${codec}: ${video.frames} frames of ${video.width}x${video.height} decoded, ${video.dropped} dropped, ` +
    `${video.key_frames} key frames, NACK ${video.nacks}, PLI ${video.plis}, DTLS ${video.dtls}, ${video.srtp}`);
});

test("the microphone comes back as Opus, and its beeps are heard", async () => {
  const loudest = await hear(page);

  const audio = await received(page, "audio");
  assert.equal(audio.codec, "audio/opus");
  figure(`Opus: ${audio.packets} packets, ${audio.lost} lost, loudest sample ${loudest.toFixed(2)}`);
});

test("a message on a data channel beside them comes back as well", async () => {
  const trip = await until(page, "a message", () => page.evaluate(async () => (await window.petrelEcho.stats()).messageTripTime),
    (time) => time !== null);
  figure(`message there and back in ${trip.toFixed(1)} ms`);
});

test("the page tells its statistics and had nothing to complain about", async () => {
  assert.ok(await page.evaluate(() => window.petrelEcho.stats()));
  assert.deepEqual(page.complaints, []);
});

test("Ctrl-C ends the program cleanly in the middle of a call", async () => {
  assert.equal(await echo.stop(), 0, echo.output);
});
