// Paths that go silent without anybody's plug being pulled: only the checks of consent (RFC 7675) can tell.

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

import { decode_frames, launch, open_page, until, watch } from "../browser/browser.mjs";
import { longest_gap, paths_in_use, TwoPaths, watch_frames } from "../browser/two_paths.mjs";

const frames_after = 60;
const limit_ms = 45_000;

let paths;
async function with_page(check) {
  paths ??= TwoPaths.create();
  for (const path of ["wifi", "cable"]) paths.mend(path);
  const camera = await paths.start_camera();
  const browser = await launch();
  try {
    // Not the camera's page, which would leave or restart.
    const page = await open_page(browser, new URL("/stats", camera.url).href);
    await page.evaluate(watch);
    const video = await decode_frames(page, 30);
    return { version: `Chromium ${browser.version().split(".")[0]}`, frames: video.frames, notes: await check(page, camera) };
  } finally {
    await browser.close();
    await camera.stop();
  }
}

const one_path = () => with_page(async (page, camera) => {
  await watch_frames(page);
  await setTimeout(11_000);  // So that the nomination stands.
  const before = (await longest_gap(page)).count;
  paths.silence((await paths_in_use(camera)).camera);
  let worst = 0;
  await until(page, "the picture to go on by the other path", async () => {
    const { longest, count } = await longest_gap(page);
    worst = Math.max(worst, longest);
    return count;
  }, (count) => count >= before + frames_after);
  return `the picture goes on by ${(await paths_in_use(camera)).camera}, after at most ${worst} ms without a frame`;
});

const all_paths = () => with_page(async (page, camera) => {
  const began = Date.now();
  for (const path of ["wifi", "cable"]) paths.silence(path);
  const said = /^viewer-1: (It was connected, but the peer has not answered for 30 s.*)$/m;
  while (!said.test(camera.output) && Date.now() < began + limit_ms) await setTimeout(50);
  assert.match(camera.output, said);
  return `given up ${((Date.now() - began) / 1000).toFixed(1)} s after the last packet: ${camera.output.match(said)[1]}`;
});

export const silent_paths = [
  { peer: "Chromium", call: "the path in use goes silent", run: one_path },
  { peer: "Chromium", call: "all paths go silent", run: all_paths },
];
