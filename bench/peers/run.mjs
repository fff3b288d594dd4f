// petrel and other stacks, the same work for each in the same run; prints one table with ratios.
//
//   node run.mjs [PEER]…          e.g. node run.mjs petrel wrtc; without a name, all
//
// PETREL_BENCH is petrel-bench, PETREL_PEERS the folder that scripts/bench has built the peers in.
// Runs of one work take turns, so that a noisy machine is as noisy to everyone.

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const folder = path.resolve(process.env.PETREL_PEERS ?? "build/bench-peers");
const petrel = process.env.PETREL_BENCH ?? "build/release/bin/petrel-bench";
const rounds = Number(process.env.PETREL_ROUNDS ?? 2);
const longest_run_ms = 60_000;

const javascript = (name) => ["node", "--expose-gc", path.join(folder, "javascript.mjs"), name];
const peers = {
  petrel: [petrel],
  "node-datachannel": javascript("node-datachannel"),
  wrtc: javascript("wrtc"),
  tg_owt: [path.join(folder, "libwebrtc/libwebrtc_peer")],
  pion: [path.join(folder, "pion/pion")],
  werift: javascript("werift"),
  aiortc: [path.join(folder, "aiortc/bin/python"), path.join(import.meta.dirname ?? ".", "aiortc_peer.py")],
};

// `better`: which of several runs counts, and what a ratio above 1 says.
const works = [
  { name: "data, 16 KiB messages", arguments: ["data", "16384", "5"], field: "MBps", unit: "MB/s", better: "more", more: ["cpu_s_per_GB"] },
  { name: "data, 64 KiB messages", arguments: ["data", "65536", "5"], field: "MBps", unit: "MB/s", better: "more", more: ["cpu_s_per_GB"] },
  { name: "channel open", arguments: ["setup", "20"], field: "open_ms_median", unit: "ms", better: "less", more: ["open_ms_p95"] },
  { name: "100 pairs", arguments: ["pairs", "100"], field: "KiB_per_pair", unit: "KiB a pair", better: "less", more: ["threads", "idle_cpu_pct"] },
];

async function measure(peer, work) {
  const [program, ...before] = peers[peer];
  try {
    const { stdout } = await run(program, [...before, ...work.arguments], { timeout: longest_run_ms });
    return JSON.parse(stdout.trim().split("\n").at(-1));
  } catch (error) {
    const reason = error.code === "ENOENT" ? "not installed" : (error.stderr || error.message).trim().split("\n").at(-1);
    return { failed: reason };
  }
}

function best(results, work) {
  const good = results.filter((each) => !each.failed && each[work.field] > 0);
  if (good.length === 0) return results[0];
  const sign = work.better === "more" ? -1 : 1;
  return [...good].sort((a, b) => sign * (a[work.field] - b[work.field]))[0];
}

function print(work, results) {
  console.log(`\n${work.name} (${work.unit}; best of ${rounds})`);
  const own = results.get("petrel");
  for (const [peer, figures] of results) {
    if (figures.failed) {
      console.log(`  ${peer.padEnd(18)} ${figures.failed}`);
      continue;
    }
    const value = figures[work.field];
    const ours = own && !own.failed ? own[work.field] : undefined;
    const ratio = ours === undefined ? "" : `petrel is ${(work.better === "more" ? ours / value : value / ours).toFixed(2)} times as good`;
    const rest = work.more.map((field) => `${field} ${figures[field]}`).join(", ");
    console.log(`  ${peer.padEnd(18)} ${String(value).padStart(9)}  ${rest.padEnd(32)} ${peer === "petrel" ? "" : ratio.padEnd(34)} ${figures.version}`);
  }
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(peers);
const unknown = wanted.filter((peer) => !(peer in peers));
if (unknown.length > 0) {
  console.error(`no peer is called ${unknown.join(", ")}; there are ${Object.keys(peers).join(", ")}`);
  process.exit(2);
}
for (const work of works) {
  const results = new Map(wanted.map((peer) => [peer, []]));
  for (let round = 0; round < rounds; ++round) {
    for (const peer of wanted) results.get(peer).push(await measure(peer, work));
  }
  print(work, new Map(wanted.map((peer) => [peer, best(results.get(peer), work)])));
}
