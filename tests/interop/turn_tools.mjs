// petrel-turn against coturn's test clients.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Program } from "../browser/program.mjs";

const run_file = promisify(execFile);
const tool_deadline_ms = 120_000;
const messages = 200;
const clients = 4;

// A server with one port for each transport, as it prints them.
class TurnServer {
  static async start() {
    const folder = await mkdtemp(path.join(tmpdir(), "petrel-turn-"));
    const [cert, key] = [path.join(folder, "cert.pem"), path.join(folder, "key.pem")];
    await run_file("openssl", [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost".split(" "),
      ...["-keyout", key, "-out", cert],
    ]);
    const address = "127.0.0.1:0";
    const program = await Program.announce("petrel-turn", /Serving STUN and TURN/,
      ...["--listen", address, "--tls-listen", address, "--tls", `${cert},${key}`, "--dtls"],
      ...["--user", "alice:wonderland", "--auth-secret", "north of everything", "--allow-peer", "127.0.0.0/8"]);
    return new TurnServer(program, folder);
  }

  constructor(program, folder) {
    this.program = program;
    this.folder = folder;
  }

  port(transport) {
    return this.program.output.match(new RegExp(`^${transport} at .*:(\\d+)$`, "m"))[1];
  }

  async stop() {
    assert.equal(await this.program.stop(), 0);
    await rm(this.folder, { recursive: true });
  }
}

async function version() {
  const { stdout } = await run_file("dpkg-query", ["--show", "--showformat=${Version}", "coturn"]);
  return stdout;
}

// Sends from every client, by the server, to an echo or to another client, and counts what comes back.
async function uclient(transport, ...options) {
  const server = await TurnServer.start();
  const peer = spawn("turnutils_peer", ["-L", "127.0.0.1", "-p", "3480"], { stdio: "ignore" });
  try {
    const credentials = options.includes("-W") ? ["-u", "alice"] : ["-u", "alice", "-w", "wonderland"];
    const load = ["-n", messages, "-m", clients, "-l", 170, "-z", 5].map(String);
    const arguments_ = [...options, ...credentials, ...load, "-p", server.port(transport), "127.0.0.1"];
    const { stdout } = await run_file("turnutils_uclient", arguments_, { timeout: tool_deadline_ms });
    const lost = stdout.match(/Total lost packets (\d+)/);
    const received = [...stdout.matchAll(/tot_recv_msgs=(\d+)/g)].at(-1);
    const delay = stdout.match(/Average round trip delay ([\d.]+) ms/);
    assert.ok(lost && received, stdout);
    assert.equal(Number(lost[1]), 0, "packets were lost");
    assert.ok(Number(received[1]) >= messages * clients, `${received[1]} messages came back`);
    return { version: await version(), frames: received[1], notes: `none lost, ${Number(delay[1]).toFixed(2)} ms` };
  } finally {
    const ended = once(peer, "close");
    peer.kill();
    await ended;
    await server.stop();
  }
}

async function stunclient() {
  const server = await TurnServer.start();
  try {
    const { stdout } = await run_file("turnutils_stunclient", ["-p", server.port("UDP"), "127.0.0.1"]);
    const address = stdout.match(/reflexive addr: (127\.0\.0\.1:\d+)/);
    assert.ok(address, stdout);
    return { version: await version(), frames: "", notes: `reflexive address ${address[1]}` };
  } finally {
    await server.stop();
  }
}

const to_echo = ["-e", "127.0.0.1"];
const to_each_other = ["-y", "-c"];

export const turn_tools = [
  { peer: "coturn's stunclient", call: "petrel-turn, UDP", run: stunclient },
  ...[
    ["UDP", []],
    ["TCP", ["-t"]],
    ["TLS", ["-t", "-S"]],
    ["DTLS", ["-S"]],
  ].flatMap(([transport, options]) =>
    [
      ["channels", to_echo],
      ["indications", [...to_echo, "-s"]],
      ["relay to relay", to_each_other],
    ].map(([how, more]) => ({
      peer: "coturn's uclient",
      call: `petrel-turn, ${transport}, ${how}`,
      run: () => uclient(transport, ...options, ...more),
    })),
  ),
  {
    peer: "coturn's uclient",
    call: "petrel-turn, UDP, time-limited credentials",
    run: () => uclient("UDP", "-W", "north of everything", ...to_echo),
  },
];
