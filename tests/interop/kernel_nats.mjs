// Two petrel programs calling each other through the kernel's own NATs: every kind against every other, with
// and without a relay, against the same table as the simulated matrix.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { release, tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import { Program } from "../browser/program.mjs";
import { internet, nats, servers, variants, World } from "./nat_world.mjs";

const run_file = promisify(execFile);
const bin = path.resolve(process.env.PETREL_BIN ?? "build/release/bin");

// ICE gives up after 9.5 s of gathering and 39.5 s of checks.
const call_deadline_ms = 75_000;
// Calls that connect take work, and those that cannot do nothing but wait for most of a minute.
const calls_at_once = 6;
const failures_at_once = 60;
const loss_percent = 10;

const turns = {
  "no TURN": [],
  "TURN/UDP": ["turn:HOST,ada,secret"],
  "TURN/TCP": ["turn:HOST?transport=tcp,ada,secret"],
  "TURN/TLS": ["turns:HOST,ada,secret"],
};

const in_url = (address) => (address.includes(":") ? `[${address}]` : address);

function server_options(turn, variant, certificate) {
  const hosts = servers[variant] ?? servers.IPv6;
  const urls = hosts.flatMap((host) => ["stun:HOST", ...turns[turn]].map((text) => text.replace("HOST", in_url(host))));
  return [...urls.flatMap((text) => ["--ice-server", text]), "--turn-ca", certificate];
}

class Side {
  constructor(site, role, options) {
    this.state = "new";
    const command = [`--net=/run/netns/${site.host}`, path.join(bin, "petrel-nat-call"), role, ...options];
    this.child = spawn("nsenter", command, { stdio: ["pipe", "pipe", "pipe"] });
    this.child.stdin.on("error", () => {});
    this.complaint = "";
    this.child.stderr.setEncoding("utf8").on("data", (text) => (this.complaint += text));
    this.ended = new Promise((resolve) => this.child.on("close", resolve));
    this.child.on("close", () => (this.over = true));
  }

  // What the other one has to know goes there; the rest is for us.
  signal_to(other, on_news) {
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      const [what, ...rest] = line.split(" ");
      if (what === "description" || what === "candidate") other.child.stdin.write(`${line}\n`);
      if (what === "state") this.state = rest[0];
      if (what === "why") this.why = rest.join(" ");
      if (what === "echoed") this.echoed = true;
      if (what === "pair") [this.types, this.local, this.remote] = rest;
      on_news();
    });
  }
}

// { winner } or {}: what became of one call. Throws when it is neither.
async function hold(world, cell, certificate) {
  const options = server_options(cell.turn, cell.variant, certificate);
  const alice = new Side(world.site("alice", cell.alice, cell.variant), "offer", options);
  const bob = new Side(world.site("bob", cell.bob, cell.variant), "answer", options);
  try {
    const settled = new Promise((resolve) => {
      const look = () => {
        const agree = alice.local && alice.local === bob.remote && alice.remote === bob.local;
        if (alice.state === "failed" && bob.state === "failed") resolve({});
        if (alice.echoed && agree && alice.state === "connected" && bob.state === "connected") {
          resolve({ winner: alice.types });
        }
      };
      alice.signal_to(bob, look);
      bob.signal_to(alice, look);
    });
    const outcome = await Promise.race([settled, setTimeout(call_deadline_ms)]);
    if (!outcome) {
      throw new Error(`Alice is ${alice.state} (${alice.types}, ${alice.local} to ${alice.remote}), ` +
        `Bob ${bob.state} (${bob.types}, ${bob.local} to ${bob.remote}); ${alice.complaint}${bob.complaint}`);
    }
    return { ...outcome, why: alice.why };
  } finally {
    for (const side of [alice, bob]) side.child.stdin.end();
    const slow = [alice, bob].map(async (side) => {
      await Promise.race([side.ended, setTimeout(5_000)]);
      if (!side.over) side.child.kill("SIGKILL");
    });
    await Promise.all(slow);
  }
}

// What the table says: { winners, may_fail } by the cell's name.
async function read_table() {
  const { stdout } = await run_file(path.join(bin, "petrel-nat-call"), ["table"], { maxBuffer: 1 << 24 });
  return new Map(stdout.trim().split("\n").map((line) => {
    const [cell, fate, winners] = line.split("\t");
    return [cell, { winners: winners.split(" ").filter(Boolean), may_fail: fate === "may fail" }];
  }));
}

// A NAT for IPv6 does what one for IPv4 does, so that the table's IPv4 half holds for it.
function expectation_of(table, { alice, bob, turn, variant, loss }) {
  const family = variant === "NAT66" ? "IPv4" : variant;
  const found = table.get(`${alice} to ${bob}, ${turn}, trickle, ${family}, ${loss} % loss`);
  assert.ok(found, "the table has no such cell");
  if (variant !== "NAT66") return found;
  return { ...found, winners: found.winners.map((winner) => winner.replace("4", "6")) };
}

const name_of = ({ alice, bob, turn, variant, loss }) => `${variant}, ${alice} to ${bob}, ${turn}, ${loss} % loss`;

async function start_servers() {
  const folder = await mkdtemp(path.join(tmpdir(), "petrel-nats-"));
  const [certificate, key] = [path.join(folder, "cert.pem"), path.join(folder, "key.pem")];
  await run_file("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=turn".split(" "),
    ...["-addext", `subjectAltName=${Object.values(servers).flat().map((address) => `IP:${address}`)}`],
    ...["-keyout", key, "-out", certificate],
  ]);
  const start = (addresses) => Program.inside(internet).announce("petrel-turn", /Serving STUN and TURN/,
    ...addresses.map(in_url).flatMap((host) => ["--listen", `${host}:3478`, "--tls-listen", `${host}:5349`]),
    ...["--tls", `${certificate},${key}`, "--user", "ada:secret", "--quota", "65535", "--max-allocations", "65535"],
    // Addresses for documentation, which no relay would let through.
    ...["203.0.113.0/24", "198.51.100.0/24", "2001:db8::/32"].flatMap((each) => ["--allow-peer", each]));
  return { programs: await Promise.all(Object.values(servers).map(start)), certificate, folder };
}

// Holds the call of a cell, and says so if it ends otherwise than the table has it.
async function judge(world, cell, expected, certificate) {
  const began = Date.now();
  const outcome = await hold(world, cell, certificate).catch((error) => ({ fault: error.message }));
  const fits = outcome.winner ? expected.winners.includes(outcome.winner) : expected.winners.length === 0 || expected.may_fail;
  const said = outcome.fault ?? outcome.winner ?? `no connection (${outcome.why})`;
  const surprise = fits && !outcome.fault ? undefined
    : `${name_of(cell)}: ${said}, expected ${expected.winners.join(" ") || "no connection"}`;
  return { cell, expected, ...outcome, surprise, ms: Date.now() - began };
}

// A call for each cell. A surprise is looked at once more, alone: ICE gives servers 9.5 s, and a machine that is
// busy with other things may have been too slow for that.
async function hold_all(world, cells, table, certificate) {
  const all = cells.map((cell) => ({ cell, expected: expectation_of(table, cell) }));
  const results = [];
  const work = async (queue) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      results.push(await judge(world, next.cell, next.expected, certificate));
    }
  };
  const connecting = all.filter(({ expected }) => expected.winners.length > 0);
  const failing = all.filter(({ expected }) => expected.winners.length === 0);
  await Promise.all([
    ...Array.from({ length: calls_at_once }, () => work(connecting)),
    ...Array.from({ length: failures_at_once }, () => work(failing)),
  ]);
  for (const [index, { cell, expected, surprise }] of results.entries()) {
    if (!surprise) continue;
    console.error(`once more: ${surprise}`);
    results[index] = { ...(await judge(world, cell, expected, certificate)), repeated: true };
  }
  return results;
}

function all_cells() {
  const cells = [];
  for (const variant of variants) {
    for (const turn of Object.keys(turns)) {
      for (const alice of nats) for (const bob of nats) cells.push({ alice, bob, turn, variant, loss: 0 });
    }
  }
  return cells;
}

// Of the lossy cells those that take no luck: what may fail says nothing.
function lossy_cells(table) {
  return all_cells().map((cell) => ({ ...cell, loss: loss_percent }))
    .filter((cell) => cell.variant === "IPv4" && cell.turn !== "TURN/TLS")
    .filter((cell) => !expectation_of(table, cell).may_fail);
}

let whole;
// Everything, once; the rows of the table are parts of it.
function everything() {
  whole ??= (async () => {
    const table = await read_table();
    const world = await World.create();
    const { programs, certificate, folder } = await start_servers();
    try {
      const results = await hold_all(world, all_cells(), table, certificate);
      await world.lose(loss_percent);
      results.push(...(await hold_all(world, lossy_cells(table), table, certificate)));
      return results;
    } finally {
      for (const program of programs) await program.stop();
      await world.close();
      await rm(folder, { recursive: true });
    }
  })();
  return whole;
}

async function part(variant, loss) {
  const results = (await everything()).filter((each) => each.cell.variant === variant && each.cell.loss === loss);
  const surprises = results.flatMap((each) => each.surprise ?? []);
  if (surprises.length > 0) throw new Error(`${surprises.length} of ${results.length} calls\n${surprises.join("\n")}`);
  const connected = results.filter((each) => each.winner);
  const median = connected.map((each) => each.ms).sort((a, b) => a - b)[connected.length >> 1];
  const relayed = connected.filter(({ winner }) => winner.includes("r")).length;
  const repeated = results.filter((each) => each.repeated).length;
  return {
    version: release().split("-")[0],
    frames: "",
    notes: `${results.length} calls as the table says: ${connected.length} connected (${relayed} by relays, ` +
      `${median} ms in the middle), ${results.length - connected.length} cannot${repeated ? `; ${repeated} held twice` : ""}`,
  };
}

export const kernel_nats = [
  ...variants.map((variant) => ({
    peer: "Linux's NATs",
    call: `${variant}, every kind to every kind`,
    run: () => part(variant, 0),
  })),
  { peer: "Linux's NATs", call: `IPv4, ${loss_percent} % lost`, run: () => part("IPv4", loss_percent) },
];
