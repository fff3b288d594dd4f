// petrel-camera's page in Chromium: it plays by itself, and shows what was drawn.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";

import { decode_frames, figure, launch, open_page, output, received, until } from "./browser.mjs";
import { read_bars, read_counter } from "./pattern.mjs";
import { Program } from "./program.mjs";

// Of 255: what compression may do to a plain colour. The nearest two bars are 191 apart.
const colour_tolerance = 24;

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

  const bars = await read_bars(page);
  figure(`furthest off is ${JSON.stringify(bars.reduce((worst, bar) => (bar.off > worst.off ? bar : worst)))}`);
  for (const bar of bars) assert.ok(bar.off <= colour_tolerance, `the ${bar.name} bar is ${bar.seen}`);

  const first = await read_counter(page);
  await decode_frames(page, 15, (await received(page, "video")).frames);
  const later = await read_counter(page);
  figure(`the counter shows ${first}, then ${later}`);
  assert.ok(later > first);
});

test("Chromium hides its address behind a name, and the name was found", async () => {
  const told = await page.evaluate(() => window.petrelHarness.connection().localDescription.sdp);
  assert.match(told, /^a=candidate:\S+ 1 udp \d+ [0-9a-f-]{36}\.local \d+ typ host/m);
  // Its checks come first, and make a peer-reflexive candidate of it; the name makes that a host's.
  const { viewers } = await until(page, "the name's address", async () => (await fetch(new URL("/stats", camera.url))).json(),
    ({ viewers }) => / to host 10\.99\.0\.1:/.test(viewers[0]?.why));
  figure(viewers[0].why);
});

test("the page had nothing to complain about", () => assert.deepEqual(page.complaints, []));

test("Ctrl-C ends the program cleanly while a viewer watches", async () => {
  assert.equal(await camera.stop(), 0, camera.output);
});
