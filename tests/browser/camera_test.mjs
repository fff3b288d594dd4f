// petrel-camera's page in Chromium: it plays by itself, and shows what was drawn.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";

import { decode_frames, figure, launch, open_page, output } from "./browser.mjs";
import { bars_seen, counter_seen, expected_bars } from "./pattern.mjs";
import { Program } from "./program.mjs";

let camera, browser, page;

before(async () => {
  camera = await Program.start("petrel-camera", "--size", "1280x720", "--fps", "30");
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await camera?.stop();
});

test("the picture plays by itself", async () => {
  page = await open_page(browser, camera.url);

  const video = await decode_frames(page, 60);

  assert.deepEqual([video.width, video.height, video.codec], [1280, 720, "video/H264"]);
  const first = await page.evaluate(() => [window.petrelHarness.first_picture_ms, performance.now()]);
  figure(`first picture ${first[0]} ms after opening the page; ${video.frames} frames decoded, ` +
    `${video.dropped} dropped in ${Math.round(first[1])} ms`);
  figure(`DTLS ${video.dtls}, ${video.srtp}, ${video.local} to ${video.remote}, lost ${video.lost}, ` +
    `key frames ${video.key_frames}, NACK ${video.nacks}, PLI ${video.plis}`);
});

test("the page tells when the first picture came, and its own statistics", async () => {
  const told = await page.evaluate(async () => [window.petrel.firstFrameMs, await window.petrel.stats()]);
  figure(`the page itself: first picture after ${told[0]} ms, ${JSON.stringify(told[1])}`);
  assert.equal(typeof told[0], "number");
  assert.ok(told[1]);
});

test("the picture is the pattern: eight colour bars and a counter that runs", async () => {
  await page.locator("video").screenshot({ path: path.join(output, "camera.png") });

  for (const [index, bar] of (await bars_seen(page)).entries()) {
    const expected = expected_bars[index];
    const far = Math.max(...bar.map((channel, which) => Math.abs(channel - expected[which])));
    assert.ok(far <= 40, `bar ${index} is ${bar}, not ${expected}`);
  }

  const before = await counter_seen(page);
  await decode_frames(page, 15, (await decode_frames(page, 1)).frames);
  const later = await counter_seen(page);
  figure(`counter ${before}, then ${later}`);
  assert.ok(later > before, `the counter stands at ${before}`);
});

test("the page had nothing to complain about", () => assert.deepEqual(page.complaints, []));

test("Ctrl-C ends the program cleanly while a viewer watches", async () => {
  assert.equal(await camera.stop(), 0, camera.output);
});
