// petrel-turn against coturn's test clients, and our client for TCP relays against coturn.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Program, within } from "../browser/program.mjs";

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

// What a TCP relay leads to: sends everything back.
async function echo_server() {
  const server = net.createServer((socket) => socket.on("error", () => {}).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

// coturn's client relays TCP (RFC 6062) from one of its ends to another and counts what comes. It takes what
// one read gives for one message; so they have a size that a relay, which cuts where it likes, cuts well.
async function uclient_tcp_relay(transport, ...options) {
  const server = await TurnServer.start();
  try {
    const load = ["-n", messages, "-m", clients, "-l", 150, "-z", 5].map(String);
    const arguments_ = ["-T", ...options, "-u", "alice", "-w", "wonderland", ...load, "-p", server.port(transport)];
    const { stdout } = await run_file("turnutils_uclient", [...arguments_, "127.0.0.1"], { timeout: tool_deadline_ms });
    const received = [...stdout.matchAll(/tot_recv_msgs=(\d+)/g)].at(-1);
    const lost = stdout.match(/Total lost packets (-?\d+)/);
    assert.ok(received && lost, stdout);
    assert.equal(Number(lost[1]), 0, `messages were lost\n${stdout}`);
    assert.ok(Number(received[1]) >= messages * clients, `${received[1]} messages came back`);
    return { version: await version(), frames: received[1], notes: "none lost" };
  } finally {
    await server.stop();
  }
}

// Debian's coturn, which relays TCP to loopback addresses.
class Coturn {
  static async start() {
    const server = new Coturn();
    server.folder = await mkdtemp(path.join(tmpdir(), "petrel-coturn-"));
    const [cert, key] = [path.join(server.folder, "cert.pem"), path.join(server.folder, "key.pem")];
    await run_file("openssl", [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=turn".split(" "),
      ...["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
    ]);
    server.ca = cert;
    server.child = spawn("turnserver", ["-n", "--log-file", "stdout", "--no-cli", "-L", "127.0.0.1", "-E", "127.0.0.1",
      ...["-p", "34780", "--tls-listening-port", "53490", "--min-port", "32000", "--max-port", "32999"],
      ...["--lt-cred-mech", "--user", "alice:wonderland", "-r", "example.org", "--allow-loopback-peers"],
      ...["--cert", cert, "--pkey", key, "--pidfile", path.join(server.folder, "pid")],
      ...["--userdb", path.join(server.folder, "users")]], { stdio: ["ignore", "pipe", "pipe"] });
    server.log = "";
    const ready = new Promise((resolve, reject) => {
      for (const stream of [server.child.stdout, server.child.stderr]) {
        stream.setEncoding("utf8").on("data", (text) => {
          server.log += text;
          if (/DB connection success/.test(server.log)) resolve();  // The last thing it says when it starts.
        });
      }
      server.child.on("close", () => reject(new Error(`coturn ended:\n${server.log}`)));
    });
    ready.catch(() => {});
    await within(15_000, "coturn to listen", ready);
    return server;
  }

  async stop() {
    const ended = once(this.child, "close");
    this.child.kill("SIGKILL");
    await ended;
    await rm(this.folder, { recursive: true });
  }
}

const urls = { TCP: "turn:127.0.0.1:34780?transport=tcp", TLS: "turns:127.0.0.1:53490" };

// Our client by coturn, to a peer and from one.
async function coturn_tcp_relay(transport, how) {
  // With megabytes both ways at once coturn 4.6.1 now and then stops reading for good.
  const size = 150_000;
  const server = await Coturn.start();
  const echo = await echo_server();
  process.env.TURN_CA = server.ca;
  const who = [urls[transport], "alice", "wonderland"];
  try {
    if (how === "to a peer") {
      const address = `127.0.0.1:${echo.address().port}`;
      const { code, output } = await Program.run("petrel-tcp-relay", ...who, "connect", address, String(size));
      assert.equal(code, 0, output);
      assert.match(output, new RegExp(`echoed ${size} bytes`));
    } else {
      const program = await Program.announce("petrel-tcp-relay", /relayed address .*:\d+/, ...who, "accept", "127.0.0.1");
      const peer = net.connect(Number(program.output.match(/relayed address .*:(\d+)/)[1]), "127.0.0.1");
      const text = Buffer.alloc(size, "what a peer says ");
      let heard = 0;
      const all = new Promise((resolve, reject) => {
        peer.on("data", (bytes) => (heard += bytes.length) === size && resolve());
        peer.on("error", reject);
        peer.on("close", () => reject(new Error(`${heard} bytes came back\n${program.output}`)));
      });
      peer.write(text);
      await within(30_000, "the echo", all);
      peer.removeAllListeners("close").end();
      assert.equal(await program.exit, 0, program.output);
      assert.match(program.output, new RegExp(`echoed ${size} bytes`));
    }
    return { version: await version(), frames: "", notes: `${size} bytes and back` };
  } finally {
    delete process.env.TURN_CA;
    echo.close();
    await server.stop();
  }
}

// petrel-nat asks coturn how it sees a connection.
async function nat_by(transport) {
  const server = await Coturn.start();
  try {
    const url = urls[transport].replace("turn", "stun");
    const { code, output } = await Program.run("petrel-nat", "--ca", server.ca, url);
    assert.equal(code, 0, output);
    const seen = output.match(/Seen as: *(127\.0\.0\.1:\d+)/);
    assert.ok(seen, output);
    assert.match(output, /Translated: *no/);
    return { version: await version(), frames: "", notes: `seen as ${seen[1]}` };
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
  ...[
    ["TCP", []],
    ["TLS", ["-S"]],
  ].flatMap(([transport, options]) => [
    {
      peer: "coturn's uclient",
      call: `petrel-turn, ${transport}, TCP relay to relay`,
      run: () => uclient_tcp_relay(transport, ...options),
    },
    ...["to a peer", "from a peer"].map((how) => ({
      peer: "coturn",
      call: `TCP relay by ${transport}, ${how}`,
      run: () => coturn_tcp_relay(transport, how),
    })),
    { peer: "coturn", call: `petrel-nat by ${transport}`, run: () => nat_by(transport) },
  ]),
  {
    peer: "coturn's uclient",
    call: "petrel-turn, UDP, time-limited credentials",
    run: () => uclient("UDP", "-W", "north of everything", ...to_echo),
  },
];
