// petrel-nat against coturn and petrel-turn, and TURN through an HTTP proxy.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Program, within } from "../browser/program.mjs";
import { HttpProxy } from "./http_proxy.mjs";

const run_file = promisify(execFile);
const start_deadline_ms = 20_000;
const player_deadline_ms = 60_000;

async function coturn_version() {
  const { stdout } = await run_file("dpkg-query", ["--show", "--showformat=${Version}", "coturn"]);
  return stdout;
}

// coturn takes part in RFC 5780 where it has two addresses.
async function with_coturn(action) {
  const folder = await mkdtemp(path.join(tmpdir(), "petrel-nat-"));
  const server = spawn("turnserver", [
    ..."-n --log-file stdout --no-cli --no-tls --no-dtls -L 127.0.0.1 -L 127.0.0.2 -p 13480 --alt-listening-port 13481".split(" "),
    ..."-a -u alice:wonderland -r example.org --allow-loopback-peers --min-port 30600 --max-port 30650".split(" "),
    ...["--pidfile", path.join(folder, "pid"), "--db", path.join(folder, "db")],
  ]);
  let output = "";
  const listening = new Promise((resolve) => {
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (/Total General servers/.test(output)) resolve();
      });
    }
  });
  const ended = once(server, "close");
  try {
    await within(start_deadline_ms, "coturn to start", Promise.race([listening, ended]));
    assert.equal(server.exitCode, null, output);
    return await action("127.0.0.1:13480");
  } finally {
    server.kill();
    await ended;
    await rm(folder, { recursive: true });
  }
}

async function with_petrel_turn(action) {
  const program = await Program.announce("petrel-turn", /Serving STUN and TURN/,
    ..."--listen 127.0.0.1:13490 --alternate 127.0.0.2:13491 --user alice:wonderland".split(" "));
  try {
    return await action("127.0.0.1:13490");
  } finally {
    assert.equal(await program.stop(), 0);
  }
}

// On loopback there is no NAT and no filter, and both ends can see that.
async function finds_no_nat(with_server) {
  return with_server(async (address) => {
    const { code, output } = await Program.run("petrel-nat", `stun:${address}`);
    assert.equal(code, 0, output);
    assert.match(output, /There is no NAT/);
    assert.match(output, /^Mapping: +endpoint-independent$/m);
    assert.match(output, /^Filtering: +endpoint-independent$/m);
    return { version: await coturn_version(), frames: "", notes: output.match(/Seen as: +(\S+)/)[1] };
  });
}

// coturn's own discovery, asking petrel-turn.
async function natdiscovery() {
  return with_petrel_turn(async (address) => {
    const [host, port] = address.split(":");
    const { stdout } = await run_file("turnutils_natdiscovery", ["-m", "-f", "-p", port, "-L", "127.0.0.1", host]);
    assert.match(stdout, /NAT with Endpoint Independent Mapping!|No NAT detected|Endpoint Independent Mapping/i, stdout);
    assert.match(stdout, /Endpoint Independent Filtering/i, stdout);
    return { version: await coturn_version(), frames: "", notes: "mapping and filtering endpoint-independent" };
  });
}

async function needs_an_alternate() {
  const program = await Program.announce("petrel-turn", /Serving STUN and TURN/,
    ..."--listen 127.0.0.1:13492 --user alice:wonderland".split(" "));
  try {
    const { code, output } = await Program.run("petrel-nat", "stun:127.0.0.1:13492");
    assert.equal(code, 4, output);
    assert.match(output, /no second address/);
    return { version: "", frames: "", notes: "exit code 4" };
  } finally {
    await program.stop();
  }
}

async function hears_nobody() {
  const { code, output } = await Program.run("petrel-nat", "stun:127.0.0.1:13499");
  assert.equal(code, 5, output);
  assert.match(output, /did not answer/);
  assert.match(output, /not answer over TCP either/);
  return { version: "", frames: "", notes: "exit code 5" };
}

// petrel-camera's pattern to aiortc, by a relay that is reached through the proxy and by nothing else.
async function plays_through_a_proxy(query) {
  const folder = await mkdtemp(path.join(tmpdir(), "petrel-proxy-"));
  const [cert, key] = [path.join(folder, "cert.pem"), path.join(folder, "key.pem")];
  await run_file("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost".split(" "),
    ...["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
  ]);
  const relay = await Program.announce("petrel-turn", /Serving STUN and TURN/,
    ..."--listen 127.0.0.1:13494 --tls-listen 127.0.0.1:13495 --user ada:secret".split(" "),
    ...["--tls", `${cert},${key}`, "--allow-peer", "0.0.0.0/0"]);
  const proxy = await HttpProxy.start("ada:love@first sight");
  const url = query === "tls" ? "turns:localhost:13495" : "turn:localhost:13494?transport=tcp";
  const camera = await Program.start("petrel-camera", ..."--size 640x480 --relay-only --turn-ca".split(" "), cert,
    ...["--http-proxy", `http://ada:love%40first%20sight@${proxy.address}`, "--ice-server", `${url},ada,secret`]);
  try {
    const player = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "aiortc_player.py");
    const { stdout } = await run_file("/usr/bin/python3", [player, new URL("/whep", camera.url).href, "60"],
      { timeout: player_deadline_ms });
    const { version, frames, error } = JSON.parse(stdout.trim().split("\n").at(-1));
    assert.ok(frames >= 60, `${frames} frames decoded; ${error}`);
    const target = query === "tls" ? "localhost:13495" : "localhost:13494";
    assert.ok(proxy.tunnels.length > 0 && proxy.tunnels.every((each) => each === target), proxy.tunnels.join());
    assert.equal(proxy.refused, 0);
    return { version, frames, notes: `CONNECT ${target}` };
  } finally {
    await camera.stop();
    await proxy.stop();
    await relay.stop();
    await rm(folder, { recursive: true });
  }
}

export const nat_tools = [
  { peer: "coturn", call: "petrel-nat asks it", run: () => finds_no_nat(with_coturn) },
  { peer: "petrel-turn", call: "petrel-nat asks it", run: () => finds_no_nat(with_petrel_turn) },
  { peer: "coturn's natdiscovery", call: "asks petrel-turn", run: natdiscovery },
  { peer: "petrel-turn", call: "petrel-nat, no alternate", run: needs_an_alternate },
  { peer: "aiortc", call: "petrel-camera, TURN over TCP by an HTTP proxy", run: () => plays_through_a_proxy("tcp") },
  { peer: "aiortc", call: "petrel-camera, TURN over TLS by an HTTP proxy", run: () => plays_through_a_proxy("tls") },
  { peer: "nobody", call: "petrel-nat, no answer", run: hears_nobody },
];
