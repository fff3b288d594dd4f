// petrel-camera by relays of coturn, watched in Chromium: a minute by each transport at once, over credentials
// that expire and nonces that go stale; then the server is killed and comes back.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import { launch, open_page, received, until, watch } from "../browser/browser.mjs";
import { Program, within } from "../browser/program.mjs";

const run_file = promisify(execFile);
const address = "10.99.0.1";
const secret = "north of everything";
const frames_per_second = 15;
const watched_ms = 60_000;
// The first credentials live so long; the next ones come before that.
const first_ttl_s = 30;
const renewed_after_ms = 20_000;

// Ports of the first server, and of the one that stays when it is killed.
const ports = [
  { plain: 3478, tls: 5349, relays: [30_000, 30_999] },
  { plain: 3488, tls: 5359, relays: [31_000, 31_999] },
];

class Coturn {
  static async start(number, folder) {
    const server = new Coturn();
    const { plain, tls, relays } = ports[number];
    server.child = spawn("turnserver", ["-n", "-v", "--log-file", "stdout", "--no-cli", "-L", address, "-E", address,
      ...["-p", plain, "--tls-listening-port", tls, "--min-port", relays[0], "--max-port", relays[1]].map(String),
      ...["--use-auth-secret", `--static-auth-secret=${secret}`, "-r", "example.org"],
      // So that several refreshes fall into the minute, and most of them meet a stale nonce.
      ...["--stale-nonce=15", "--max-allocate-lifetime=20"],
      ...["--cert", path.join(folder, "cert.pem"), "--pkey", path.join(folder, "key.pem")],
      ...["--pidfile", path.join(folder, `pid${number}`), "--userdb", path.join(folder, `users${number}`)]],
    { stdio: ["ignore", "pipe", "pipe"] });
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

  count(pattern) {
    return [...this.log.matchAll(pattern)].length;
  }

  async kill() {
    const ended = new Promise((resolve) => this.child.on("close", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }
}

// coturn's REST credentials: a name with a time until which it may be used, and its signature.
function credentials(ttl_s) {
  const username = `${Math.floor(Date.now() / 1000) + ttl_s}:camera`;
  return `${username},${createHmac("sha1", secret).update(username).digest("base64")}`;
}

const transports = {
  UDP: [`turn:${address}:${ports[0].plain}`],
  TCP: [`turn:${address}:${ports[0].plain}?transport=tcp`],
  TLS: [`turns:${address}:${ports[0].tls}`],
  DTLS: [`turns:${address}:${ports[0].tls}?transport=udp`],
  // UDP is preferred to TCP: so it is the first server that is used while there are two.
  // Nobody renews these: the running allocation is the server's to keep, a new one is to be refused.
  "UDP, expired": [`turn:${address}:${ports[0].plain}`],
  "UDP, and another server": [`turn:${address}:${ports[0].plain}`, `turn:${address}:${ports[1].plain}?transport=tcp`],
};

class Call {
  static async start(name, number, browser, folder) {
    const call = new Call();
    call.name = name;
    call.file = path.join(folder, `servers${number}`);
    call.urls = transports[name];
    call.expires = name.endsWith("expired");
    await call.write_servers(first_ttl_s);
    call.camera = await Program.start("petrel-camera", "--listen", `127.0.0.1:${8100 + number}`, "--relay-only",
      ...["--size", "320x240", "--fps", String(frames_per_second), "--bitrate", "200k"],
      ...["--ice-server-file", call.file, "--turn-ca", path.join(folder, "cert.pem")]);
    // Not the camera's page, which would restart ICE.
    call.page = await open_page(browser, new URL("/stats", call.camera.url).href);
    await call.page.evaluate(watch);
    await until(call.page, `the first frames by ${name}`, () => call.frames(), (frames) => frames > 0)
      .catch(async (error) => {
        throw new Error(`${error.message}\n${JSON.stringify(await call.viewer())}\n${call.camera.output}`);
      });
    return call;
  }

  async write_servers(ttl_s) {
    await writeFile(this.file, this.urls.map((url) => `${url},${credentials(ttl_s)}\n`).join(""));
  }

  async renew() {
    await this.write_servers(3600);
    this.camera.child.kill("SIGHUP");
  }

  async frames() {
    return (await received(this.page, "video"))?.frames ?? 0;
  }

  async viewer() {
    return (await (await fetch(new URL("/stats", this.camera.url))).json()).viewers[0];
  }

  // A second's worth of frames from now on; how long that took.
  async plays_on() {
    const began = Date.now();
    const before = await this.frames();
    await until(this.page, `the picture by ${this.name} to go on`, () => this.frames(),
      (frames) => frames >= before + frames_per_second)
      .catch(async (error) => {
        throw new Error(`${error.message}\n${JSON.stringify(await this.viewer())}\n${this.camera.output}`);
      });
    return Date.now() - began;
  }
}

// What a minute of each has brought: nothing may be lost between processes of one machine.
async function watch_a_minute(calls, server) {
  const before = await Promise.all(calls.map((call) => received(call.page, "video")));
  await setTimeout(renewed_after_ms);
  for (const call of calls.filter((each) => !each.expires)) await call.renew();
  await setTimeout(watched_ms - renewed_after_ms);
  const after = await Promise.all(calls.map((call) => received(call.page, "video")));
  for (const [index, call] of calls.entries()) {
    call.watched = after[index].frames - before[index].frames;
    call.lost = after[index].lost;
    call.pair = `${after[index].local} to ${after[index].remote}`;
    assert.equal(call.lost, 0, `${call.name}: packets were lost`);
    assert.ok(call.watched > 0.9 * frames_per_second * (watched_ms / 1000), `${call.name}: ${call.watched} frames`);
    assert.match((await call.viewer()).why, /Connected after .*, relay /);
  }
  assert.ok(server.count(/CHANNEL_BIND processed, success/g) >= calls.length, "there are no channels");
  assert.ok(server.count(/438: Stale nonce|error 438/gi) > 0, "no nonce went stale");
  assert.ok(server.count(/refreshed, .*lifetime=20|REFRESH processed, success/g) >= calls.length, "nothing was refreshed");
}

// The server dies and comes back; nobody signals anything.
async function lose_the_server(calls, server, folder) {
  const [with_another] = calls.filter((call) => call.urls.length > 1);
  const others = calls.filter((call) => call !== with_another);
  const relay_port = async (call) => Number((await call.viewer()).why.match(/, relay [\d.]+:(\d+) /)?.[1]);
  assert.ok((await relay_port(with_another)) < ports[1].relays[0], "the other server was used from the beginning");

  await server.kill();
  with_another.moved_ms = await with_another.plays_on();
  assert.ok((await relay_port(with_another)) >= ports[1].relays[0], "it plays on by the server that is dead");
  const began = Date.now();
  for (const call of others) {
    const said = await until(call.page, `${call.name} to say that its relay is lost`, () => call.viewer(),
      (viewer) => /through a relay, which is lost/.test(viewer?.why));
    call.noticed_ms = Date.now() - began;
    call.why = said.why;
  }

  const again = await Coturn.start(0, folder);
  // All at once: consent lasts 30 s from when the server went.
  await Promise.all(others.map(async (call) => {
    if (call.expires) {
      const viewer = await until(call.page, `${call.name} to say that the server refuses it`, () => call.viewer(),
        (viewer) => /wrong username or password/.test(viewer?.why));
      call.refused = viewer.why;
      return;
    }
    call.recovered_ms = await call.plays_on();
  }));
  for (const call of others.filter((each) => !each.expires)) {
    assert.match((await call.viewer()).why, /Connected after .*, relay /);
    assert.match(call.camera.output, /^viewer-1: Connected/m);
    assert.equal((await (await fetch(new URL("/stats", call.camera.url))).json()).viewers_served, 1);
  }
  return again;
}

let whole;
function everything() {
  whole ??= (async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "petrel-coturn-"));
    const servers = [];
    const calls = [];
    let browser;
    try {
      await run_file("openssl", [
        ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=turn".split(" "),
        ...["-addext", `subjectAltName=IP:${address}`, "-keyout", path.join(folder, "key.pem")],
        ...["-out", path.join(folder, "cert.pem")],
      ]);
      for (const number of [0, 1]) servers.push(await Coturn.start(number, folder));
      browser = await launch();
      for (const [number, name] of Object.keys(transports).entries()) {
        calls.push(await Call.start(name, number, browser, folder));
      }
      await watch_a_minute(calls, servers[0]);
      servers.push(await lose_the_server(calls, servers[0], folder));
      const { stdout } = await run_file("dpkg-query", ["--show", "--showformat=${Version}", "coturn"]);
      return { version: stdout, calls };
    } finally {
      await browser?.close();
      for (const call of calls) await call.camera.stop().catch(() => {});
      for (const server of servers) server.child.kill("SIGKILL");
      await rm(folder, { recursive: true });
    }
  })();
  return whole;
}

async function part(name) {
  const { version, calls } = await everything();
  const call = calls.find((each) => each.name === name);
  const lost = call.moved_ms === undefined
    ? `server killed: said so after ${call.noticed_ms} ms; ` + (call.refused
      ? `it came back and refused the credentials, which had expired: ${call.refused}`
      : `it came back: ${call.recovered_ms} ms`)
    : `server killed: a second's worth of frames by the other one after ${call.moved_ms} ms`;
  return { version, frames: call.watched, notes: `${call.lost} lost in ${watched_ms / 1000} s, ${call.pair}; ${lost}` };
}

export const coturn_calls = Object.keys(transports).map((name) => ({
  peer: "coturn",
  call: `relays petrel-camera, ${name}`,
  run: () => part(name),
}));
