// petrel-camera publishes by WHIP to petrel-whip-server, and Chromium plays it from there; a foreign page publishes,
// too, and the server comes and goes.

import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { decode_frames, figure, hear, launch, open_page, output, received, spectrum, until } from "./browser.mjs";
import { read_bars } from "./pattern.mjs";
import { Program } from "./program.mjs";

const token = "a-token-that-nobody-prints";
const address = "10.99.0.1:8090"; // Of the test's own network.
const page_url = `http://${address}/?token=${token}`;
const tone_hz = 1000;
const token_file = path.join(output, "whip-token");
const turn = { url: "turn:10.99.0.1:3478?transport=udp", user: "ada", password: "north-by-northwest" };

let relay, server, browser, camera, page;

const serve = () => Program.announce("petrel-whip-server", /Publish to \S+/, "--listen", address, "--token", token,
  "--ice-server", `${turn.url},${turn.user},${turn.password}`, "--recommend-ice-servers", "--log-level", "warning");
const publish = (...options) => Program.announce("petrel-camera", /publishing to http\S+: [^\n]*/, "--signaling", "whip",
  "--url", `http://${address}/whip?name=hidden-query`, "--bearer-token-file", token_file, "--size", "640x360",
  "--fps", "30", ...options);
const statistics = async () =>
  (await fetch(`http://${address}/stats`, { headers: { Authorization: `Bearer ${token}` } })).json();
const plays_on = async (viewer = page) => decode_frames(viewer, 60, (await received(viewer, "video"))?.frames ?? 0);
const count = (program, pattern) => program.output.match(pattern)?.length ?? 0;
const all_output = [];

before(async () => {
  await writeFile(token_file, `${token}\n`);
  relay = await Program.announce("petrel-turn", /Serving STUN and TURN/, "--listen", "10.99.0.1:3478", "--realm",
    "example.org", "--user", `${turn.user}:${turn.password}`, "--allow-peer", "10.99.0.0/24");
  server = await serve();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await camera?.stop();
  await server?.stop();
  await relay?.stop();
  await rm(token_file, { force: true });
});

test("Chromium plays what a camera publishes", async () => {
  camera = await publish("--log-level", "info");
  all_output.push(camera);
  assert.doesNotMatch(camera.output, /Watch at/); // There is no page of its own.
  page = await open_page(browser, page_url);
  const video = await decode_frames(page, 60);
  assert.deepEqual([video.width, video.height, video.codec], [640, 360, "video/H264"]);
  figure(`${video.frames} frames, key frames ${video.key_frames}, PLI ${video.plis}, lost ${video.lost}`);
  figure(camera.output.match(/publishing to [^\n]*/)[0]);
});

test("the picture is the pattern", async () => {
  await page.screenshot({ path: path.join(output, "whip.png") });
  for (const bar of await read_bars(page)) assert.ok(bar.off <= 24, `the ${bar.name} bar is ${bar.seen}`);
});

test("a second viewer gets a key frame from the camera behind the server", async () => {
  const second = await open_page(browser, page_url);
  await plays_on(second);
  assert.deepEqual(second.complaints, []);
  await second.context().close();
  await plays_on();
});

test("a second camera is turned away in one line while the first publishes", async () => {
  const other = await Program.announce("petrel-camera", /not publishing: [^\n]*409[^\n]*/, "--signaling", "whip", "--url",
    `http://${address}/whip`, "--bearer-token", token);
  all_output.push(other);
  assert.match(other.output, /publishes there already/);
  assert.equal(await other.stop(), 0, other.output);
  await plays_on();
});

test("the server goes without a word and comes back: the camera publishes again", async () => {
  server.child.kill("SIGKILL");
  await server.exit;
  await until(page, "the camera's line", () => camera.output, (text) => /not publishing/.test(text));
  server = await serve();
  await until(page, "the camera's return", () => count(camera, /publishing to http/g), (times) => times === 2);
  page = await open_page(browser, page_url);
  await plays_on();
});

test("Ctrl-C ends the session at the server", async () => {
  assert.equal(await camera.stop(), 0, camera.output);
  await until(page, "the publisher's leave", () => server.output, (text) => /publisher-\d+: has left/.test(text));
});

test("a camera that has only a relay uses the one that the server recommends", async () => {
  camera = await publish("--relay-only");
  all_output.push(camera);
  await plays_on();
  figure(camera.output.match(/publishing to [^\n]*/)[0]);
  assert.match(camera.output, /relay/i);
  assert.equal(await camera.stop(), 0, camera.output);
});

test("page and server share one encoder", async () => {
  camera = await publish("--signaling", "local", "--listen", "127.0.0.1:8080");
  all_output.push(camera);
  const local = await open_page(browser, "http://127.0.0.1:8080/");
  await plays_on(local);
  await plays_on();
  const { frames, viewers, published } = await (await fetch("http://127.0.0.1:8080/stats")).json();
  assert.deepEqual([viewers.length, published.length], [1, 1]);
  figure(`${frames} frames encoded, ${viewers[0].frames_sent} to the page, ${published[0].frames_sent} to the server`);
  assert.ok(published[0].frames_sent > 0.5 * frames);
  assert.equal((await statistics()).viewers.length >= 1, true);
  await local.context().close();
  assert.equal(await camera.stop(), 0, camera.output);
  camera = undefined;
});

test("the sound is published beside the picture, and Chromium hears the camera's tone", async () => {
  assert.equal(await page.locator("#sound").isHidden(), true); // What was published so far had none.
  camera = await publish("--audio", "tone");
  all_output.push(camera);
  const listener = await open_page(browser, page_url);
  await decode_frames(listener, 60);
  await listener.locator("#sound").click();
  const loudest = await hear(listener);
  const { hz, above } = await until(listener, "the tone", () => spectrum(listener),
    ({ hz, above }) => Math.abs(hz - tone_hz) < 10 && above > 40);
  const audio = await received(listener, "audio");
  figure(`by WHIP: ${hz.toFixed(1)} Hz, ${above.toFixed(0)} dB above the rest, loudest sample ${loudest.toFixed(3)}, ` +
    `${audio.packets} packets, ${audio.lost} lost`);
  assert.equal(audio.codec, "audio/opus");
  assert.deepEqual(listener.complaints, []);
  await listener.context().close();
  assert.equal(await camera.stop(), 0, camera.output);
  camera = undefined;
});

test("what does not pass by itself ends a camera that only publishes, in one line", async () => {
  for (const [options, line] of [
    [["--bearer-token", "wrong"], /given up: .*401: .*token/],
    [[], /given up: .*401: .*token/],
  ]) {
    const ended = await Program.run("petrel-camera", "--signaling", "whip", "--url", `http://${address}/whip`, ...options);
    assert.equal(ended.code, 1, ended.output);
    assert.equal(count(ended, /^petrel-camera: whip: /gm), 1, ended.output);
    assert.match(ended.output, line);
  }
  const bad = await Program.run("petrel-camera", "--signaling", "whip", "--url", "ftp://nowhere");
  assert.equal(bad.code, 2, bad.output);
  assert.match(bad.output, /--url .*https:/);
});

test("no token, password or query is in what was printed", () => {
  for (const program of all_output) {
    for (const secret of [token, turn.password, "hidden-query"]) assert.ok(!program.output.includes(secret), secret);
  }
});
