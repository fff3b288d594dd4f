// petrel's WHIP and WHEP, client and server, with other makes: petrel-camera publishes to servers on Pion and Janus,
// clients of others publish to petrel-whip-server and play from it, and petrel's own player plays from others.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import { decode_frames, launch, open_page, until, watch } from "../browser/browser.mjs";
import { read_bars } from "../browser/pattern.mjs";
import { Program, within } from "../browser/program.mjs";
import { folder, npm_version, pion_whip, simple_whip_server_folder } from "./install.mjs";

const run_file = promisify(execFile);
const frames_wanted = 60;
const start_deadline_ms = 60_000;
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const bin = process.env.PETREL_BIN ?? "build/release/bin";
const token = "a-token-of-nobody";

// Any program; ends it at last. `output` is what it printed.
class Helper {
  constructor(command, options, settings = {}) {
    this.output = "";
    this.child = spawn(command, options, { stdio: ["ignore", "pipe", "pipe"], ...settings });
    this.child.on("error", (error) => (this.output += String(error)));
    this.ended = once(this.child, "close").catch(() => {});
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
  }
  async says(pattern) {
    for (const end = Date.now() + start_deadline_ms; !pattern.test(this.output); await setTimeout(100)) {
      if (Date.now() > end) throw new Error(`waited for ${pattern}; it printed:\n${this.output}`);
    }
  }
  async stop() {
    this.child.kill("SIGTERM");
    await within(10_000, "a program to end", this.ended).catch(() => this.child.kill("SIGKILL"));
  }
}

async function listening(port, program) {
  for (const end = Date.now() + start_deadline_ms; ; await setTimeout(200)) {
    const socket = net.connect(port, "127.0.0.1");
    const open = await Promise.race([once(socket, "connect").then(() => true), once(socket, "error").then(() => false)])
      .catch(() => false);
    socket.destroy();
    if (open) return;
    if (Date.now() > end) throw new Error(`nothing listens on port ${port}:\n${program.output}`);
  }
}

async function debian_version(name) {
  return (await run_file("dpkg-query", ["-W", "-f", "${Version}", name])).stdout;
}

// What was opened last is closed first.
async function with_all(work) {
  const open = [];
  try {
    return await work((one) => (open.push(one), one));
  } finally {
    for (const one of open.reverse()) await (one.stop?.() ?? one.close?.());
  }
}

const publish = (url, ...options) => Program.announce("petrel-camera", /publishing to http\S+: [^\n]*/, "--signaling",
  "whip", "--url", url, "--size", "640x480", "--fps", "30", ...options);

async function shows_pattern(page) {
  const video = await decode_frames(page, frames_wanted);
  assert.deepEqual([video.width, video.height], [640, 480]);
  for (const bar of await read_bars(page)) assert.ok(bar.off <= 24, `the ${bar.name} bar is ${bar.seen}`);
  return video;
}

async function petrel_plays(url) {
  const { stdout } = await run_file(path.join(bin, "petrel-whep-player"), [url, String(frames_wanted)]);
  return JSON.parse(stdout);
}

const pion_calls = () => with_all(async (keep) => {
  const server = keep(new Helper(pion_whip, ["127.0.0.1:8091"]));
  await server.says(/listening/);
  const camera = await publish("http://127.0.0.1:8091/whip");
  const browser = keep(await launch());
  const page = await open_page(browser, "http://127.0.0.1:8091/");
  await page.evaluate(watch);
  const video = await shows_pattern(page);
  const played = await petrel_plays("http://127.0.0.1:8091/whep");
  assert.equal(await camera.stop(), 0, camera.output);
  await server.says(/deleted \w+/);
  const candidates = server.output.match(/candidate taken/g)?.length ?? 0;
  return {
    version: server.output.match(/Pion v?(\S+)/)[1],
    frames: video.frames,
    notes: `the picture is the pattern; petrel-whep-player: ${played.frames} frames, ${played.key_frames} key frames; ` +
      `${candidates} candidates trickled`,
  };
});

// Watches room 1234 of Janus's VideoRoom by its own protocol. Runs in a page.
function subscribe(port) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, "janus-protocol");
  const waiting = new Map();
  const events = [];
  let wake = () => {};
  let session, handle;
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.janus === "ack") return;
    if (waiting.has(message.transaction) && message.janus === "success") {
      waiting.get(message.transaction)(message);
    } else if (message.janus === "event") {
      events.push(message);
      wake();
    }
  };
  const ask = (body) => new Promise((resolve) => {
    const transaction = Math.random().toString(36);
    waiting.set(transaction, resolve);
    socket.send(JSON.stringify({ ...body, transaction, session_id: session, handle_id: handle }));
  });
  const event = async (wanted) => {
    for (;;) {
      const found = events.find(wanted);
      if (found) return found;
      await new Promise((resolve) => (wake = resolve));
    }
  };
  const send = (body, jsep) => socket.send(JSON.stringify({ janus: "message", transaction: Math.random().toString(36),
    session_id: session, handle_id: handle, body, jsep }));
  return new Promise((resolve) => (socket.onopen = resolve)).then(async () => {
    session = (await ask({ janus: "create" })).data.id;
    handle = (await ask({ janus: "attach", plugin: "janus.plugin.videoroom" })).data.id;
    const list = await ask({ janus: "message", body: { request: "listparticipants", room: 1234 } });
    const feed = list.plugindata.data.participants[0].id;
    send({ request: "join", ptype: "subscriber", room: 1234, streams: [{ feed }] });
    const { jsep } = await event((each) => each.jsep);
    const connection = new RTCPeerConnection();
    const video = document.body.appendChild(document.createElement("video"));
    video.muted = true;
    connection.ontrack = ({ track }) => {
      video.srcObject = new MediaStream([track]);
      video.play().catch(() => {});
    };
    await connection.setRemoteDescription(jsep);
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete") {
      await new Promise((resolve) => connection.addEventListener("icegatheringstatechange", resolve));
    }
    send({ request: "start" }, connection.localDescription.toJSON());
  });
}

async function janus_folder() {
  const place = await mkdtemp(path.join(tmpdir(), "petrel-janus-"));
  const write = (name, text) => writeFile(path.join(place, name), text);
  await write("janus.jcfg", `general: { debug_level = 4 }\nplugins: { disable = "${["audiobridge", "duktape", "echotest",
    "lua", "nosip", "recordplay", "sip", "streaming", "textroom", "videocall", "voicemail"].map((name) =>
    `libjanus_${name}.so`).join(",")}" }\n`);
  await write("janus.transport.websockets.jcfg", "general: { ws = true, ws_port = 8188 }\n");
  await write("janus.plugin.videoroom.jcfg",
    'room-1234: { publishers = 6, bitrate = 0, fir_freq = 10, videocodec = "h264", audiocodec = "none" }\n');
  return place;
}

const janus_call = () => with_all(async (keep) => {
  const source = simple_whip_server_folder;
  const place = await janus_folder();
  keep({ stop: () => rm(place, { recursive: true }) });
  const janus = keep(new Helper("janus", ["-F", place, "-o"]));
  await listening(8188, janus);
  const server = keep(new Helper(process.execPath, [path.join(source, "server.js")],
    { cwd: source, env: { ...process.env, DEBUG: "whip:*", NODE_PATH: path.join(folder, "node_modules") } }));
  await server.says(/prototype started/);
  const base = "http://127.0.0.1:7080/whip";
  const made = await fetch(`${base}/create`, { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ id: "door", room: 1234, token,
      iceServers: [{ uri: "stun:127.0.0.1:3478" }, { uri: "turn:127.0.0.1:3478", username: "u", credential: "p" }] }) });
  assert.equal(made.status, 200);
  const camera = await publish(`${base}/endpoint/door`, "--bearer-token", token, "--log-level", "info");
  const browser = keep(await launch());
  const page = await open_page(browser, `${base}/healthcheck`);
  await page.evaluate(subscribe, 8188);
  const video = await shows_pattern(page);
  const trickled = /\/resource\[trickle\]/.test(server.output);
  assert.equal(await camera.stop(), 0, camera.output);
  const [endpoint] = await (await fetch(`${base}/endpoints`)).json();
  assert.equal(endpoint.enabled, false, "the session has not ended at the server");
  const wrong = await Program.run("petrel-camera", "--signaling", "whip", "--url", `${base}/endpoint/door`,
    "--bearer-token", "wrong");
  assert.match(wrong.output, /given up: .*403/);
  return {
    version: await debian_version("janus"),
    frames: video.frames,
    notes: `the picture is the pattern; ${trickled ? "trickled, " : ""}ended by DELETE; a wrong token is told`,
  };
});

const serve = () => Program.announce("petrel-whip-server", /Publish to \S+/, "--listen", "127.0.0.1:8092", "--token", token);
const page_url = `http://127.0.0.1:8092/?token=${token}`;

// Runs in a page: publishes Chromium's fake camera, or plays, with the classes that `script` has.
async function use_client({ script, kind, url, bearer }) {
  const module = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const connection = new RTCPeerConnection();
  if (kind === "whip") {
    const [track] = (await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } })).getVideoTracks();
    const transceiver = connection.addTransceiver(track, { direction: "sendonly" });
    const codecs = RTCRtpSender.getCapabilities("video").codecs.filter(({ mimeType, sdpFmtpLine }) =>
      mimeType === "video/H264" && /packetization-mode=1/.test(sdpFmtpLine) && /profile-level-id=42e0/i.test(sdpFmtpLine));
    transceiver.setCodecPreferences(codecs);
    window.client = new module.WHIPClient();
    await window.client.publish(connection, url, bearer);
  } else {
    connection.addTransceiver("video", { direction: "recvonly" });
    const video = document.body.appendChild(document.createElement("video"));
    video.muted = true;
    connection.ontrack = ({ track }) => {
      video.srcObject = new MediaStream([track]);
      video.play().catch(() => {});
    };
    window.client = new module.WHEPClient();
    await window.client.view(connection, url, bearer);
  }
}

const whip_whep_call = () => with_all(async (keep) => {
  const read = (name) => readFile(path.join(folder, "node_modules", "whip-whep", name), "utf8");
  const server = keep(await serve());
  const browser = keep(await launch({ devices: true }));
  const publisher = await open_page(browser, page_url.replace("/?", "/stats?"));
  await publisher.evaluate(use_client, { script: await read("whip.js"), kind: "whip", url: "http://127.0.0.1:8092/whip",
    bearer: token });
  const player = await open_page(browser, page_url.replace("/?", "/stats?"));
  await player.evaluate(use_client, { script: await read("whep.js"), kind: "whep", url: "http://127.0.0.1:8092/whep",
    bearer: token });
  const seen = await decode_frames(player, frames_wanted);
  // No ICE restart: it joins the candidates of the answer by commas, which no browser reads.
  for (const page of [player, publisher]) await page.evaluate(() => window.client.stop());
  // It closes the peer before it sends DELETE, which then finds nothing.
  await until(publisher, "the publisher's leave", () => server.output,
    (text) => /publisher-1: (has left|The peer closed)/.test(text));
  const complaints = [...publisher.complaints, ...player.complaints];
  assert.deepEqual(complaints.filter((each) => !/Failed to load resource/.test(each)), []);
  return {
    version: await npm_version("whip-whep"),
    frames: seen.frames,
    notes: `${seen.width}x${seen.height}, Chromium's camera to petrel and back, trickled both ways`,
  };
});

export const whip_calls = [
  { peer: "Pion", call: "WHIP from petrel-camera, WHEP to Chromium and petrel", run: pion_calls },
  { peer: "Janus", call: "WHIP from petrel-camera through simple-whip-server", run: janus_call },
  { peer: "whip-whep", call: "WHIP and WHEP with petrel-whip-server", run: whip_whep_call },
];
