// The example programs against every other real peer; prints one table.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { decode_frames, hear, received } from "../browser/browser.mjs";
import { Program } from "../browser/program.mjs";
import { coturn_calls } from "./coturn_calls.mjs";
import { Firefox } from "./firefox/bidi.mjs";
import { kernel_nats } from "./kernel_nats.mjs";
import { nat_tools } from "./nat_tools.mjs";
import { silent_paths } from "./silent_paths.mjs";
import { turn_tools } from "./turn_tools.mjs";
import { whip_calls } from "./whip_calls.mjs";

const frames_wanted = 60;
const dtls_1_2 = "FEFD";
const player_deadline_ms = 60_000;
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);

// Firefox's fake camera and microphone through petrel-echo and back.
async function firefox_echo(preferences, check = () => {}) {
  const echo = await Program.start("petrel-echo");
  let firefox;
  try {
    firefox = await Firefox.launch(preferences);
    await firefox.goto(`${echo.url}?codec=VP8`);
    const video = await decode_frames(firefox, frames_wanted);
    const loudest = await hear(firefox);
    const audio = await received(firefox, "audio");
    assert.equal(video.codec, "video/VP8");
    assert.equal(audio.codec, "audio/opus");
    check(video);
    return {
      version: firefox.version,
      frames: video.frames,
      notes: `${video.width}x${video.height}, sound of ${loudest.toFixed(2)}, DTLS ${video.dtls}, ${video.srtp}`,
    };
  } finally {
    await firefox?.close();
    await echo.stop();
  }
}

// A program that plays the pattern from the WHEP endpoint and prints JSON.
async function player(script) {
  const camera = await Program.start("petrel-camera", "--size", "640x480", "--fps", "30");
  try {
    const arguments_ = [path.join(here, script), new URL("/whep", camera.url).href, String(frames_wanted)];
    const { stdout } = await promisify(execFile)("/usr/bin/python3", arguments_, { timeout: player_deadline_ms });
    const { version, frames, error, ...notes } = JSON.parse(stdout.trim().split("\n").at(-1));
    if (error || frames < frames_wanted) throw new Error(`${frames} frames decoded; ${error}`);
    return { version, frames, notes: Object.entries(notes).map(([name, value]) => `${name} ${value}`).join(", ") };
  } finally {
    await camera.stop();
  }
}

const trials = [
  { peer: "Firefox", call: "VP8 and Opus through petrel-echo", run: () => firefox_echo({}) },
  {
    peer: "Firefox",
    call: "the same, DTLS 1.2 forced",
    run: () =>
      firefox_echo({ "media.peerconnection.dtls.version.max": 771 }, ({ dtls }) => assert.equal(dtls, dtls_1_2)),
  },
  { peer: "GStreamer", call: "plays petrel-camera", run: () => player("gstreamer_player.py") },
  { peer: "aiortc", call: "plays petrel-camera", run: () => player("aiortc_player.py") },
  ...turn_tools,
  ...coturn_calls,
  ...kernel_nats,
  ...nat_tools,
  ...silent_paths,
  ...whip_calls,
];

// A word of the peer's or the call's name chooses some of them.
const wanted = process.argv[2] ?? "";
const rows = [];
const failures = [];
for (const { peer, call, run } of trials.filter((each) => `${each.peer}, ${each.call}`.includes(wanted))) {
  try {
    rows.push({ peer, call, result: "ok", ...(await run()) });
  } catch (error) {
    rows.push({ peer, call, result: "FAILED", version: "", frames: "", notes: error.message.split("\n")[0] });
    failures.push(`${peer}, ${call}: ${error.stack}\n${error.stderr ?? ""}`);
  }
}

const columns = ["peer", "version", "call", "result", "frames", "notes"];
const widths = columns.map((name) => Math.max(name.length, ...rows.map((row) => String(row[name]).length)));
const print = (row) => console.log(columns.map((name, i) => String(row[name]).padEnd(widths[i])).join("  ").trimEnd());
print(Object.fromEntries(columns.map((name) => [name, name])));
rows.forEach(print);

if (failures.length > 0) {
  console.error(`\n${failures.join("\n\n")}`);
  process.exitCode = 1;
}
