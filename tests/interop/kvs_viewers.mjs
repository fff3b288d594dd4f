// Ten viewers by Kinesis Video Streams' signaling join petrel-camera and leave a hundred times each: one encoder, a
// picture within two seconds each time, and a camera that is no larger afterwards.
//
//   node tests/interop/kvs_viewers.mjs [VIEWERS] [JOINS]

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { Program } from "../browser/program.mjs";
import { table } from "./table.mjs";

const viewers = Number(process.argv[2] ?? 10);
const joins = Number(process.argv[3] ?? 100);
const first_frame_limit_ms = 2000;
// They stay for some 3 s: the service takes five answers of a master in a second, and whoever comes sooner waits.
const frames = 40;
// What an allocator may keep of a crowd, once it has seen one.
const growth_limit_kb = 4096;

const service = await Program.announce("petrel-kvs-service", /AWS_ENDPOINT_URL=\S+/, "--listen", "127.0.0.1:0",
  "--channel", "yard", "--quiet");
Object.assign(process.env, {
  AWS_ENDPOINT_URL: service.url.split("=")[1], AWS_REGION: "us-west-2", AWS_ACCESS_KEY_ID: "AKIDTEST",
  AWS_SECRET_ACCESS_KEY: "secret", AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  RES_OPTIONS: "timeout:1 attempts:1" });
const camera = await Program.announce("petrel-camera", /Watch channel [^\n]+/, "--signaling", "kvs", "--channel", "yard",
  "--signaling", "local", "--listen", "127.0.0.1:8080", "--size", "320x240", "--fps", "15", "--bitrate", "200k",
  "--max-viewers", String(viewers + 2));

const resident_kb = async () =>
  Number((await readFile(`/proc/${camera.child.pid}/status`, "utf8")).match(/VmRSS:\s+(\d+)/)[1]);
const statistics = async () => (await fetch("http://127.0.0.1:8080/stats")).json();
async function crowd(times) {
  const program = path.resolve(process.env.PETREL_BIN ?? "build/release/bin", "petrel-kvs-viewers");
  const { stdout } = await promisify(execFile)(program, ["yard", String(viewers), String(times), String(frames)]);
  return JSON.parse(stdout);
}

try {
  const warm = await crowd(Math.ceil(joins / 10));
  const before = await resident_kb();
  const frames_before = (await statistics()).frames;
  const began = Date.now();
  const result = await crowd(joins);
  const seconds = (Date.now() - began) / 1000;
  const [after, { frames: frames_after, viewers_served }] = [await resident_kb(), await statistics()];

  table(["signaling", "ice", "dtls", "key_frame", "first_frame"].map((part) => ({ part, ...result[`${part}_ms`] })));
  console.log(`${viewers} viewers joined ${joins} times each in ${seconds.toFixed(0)} s: ${result.joined} pictures, ` +
    `${result.failed} failed; ${frames_after - frames_before} frames encoded; camera resident ${before} KiB, then ${after} KiB`);
  assert.equal(result.failed, 0);
  assert.equal(result.joined, viewers * joins);
  assert.equal(viewers_served, result.joined + warm.joined);
  // One encoder: as many frames as the pattern has, however many watch.
  assert.ok(frames_after - frames_before < 15 * (seconds + 2), "more than one encoder's worth of frames");
  assert.ok(result.first_frame_ms.max < first_frame_limit_ms, `a first frame after ${result.first_frame_ms.max} ms`);
  assert.ok(after - before < growth_limit_kb, `the camera grew by ${after - before} KiB`);
} finally {
  await camera.stop();
  await service.stop();
}
