// petrel-camera on a channel of Kinesis Video Streams: AWS's own JavaScript SDK in Chromium watches it through
// petrel-kvs-service, while the signaling behind the call is taken away and comes back.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";

import { decode_frames, figure, hear, launch, open_page, output, received, until } from "./browser.mjs";
import { read_bars } from "./pattern.mjs";
import { Program } from "./program.mjs";

const sdk = path.resolve(output, "node_modules/amazon-kinesis-video-streams-webrtc/dist/kvs-webrtc.min.js");
const secret = "a-secret-that-nobody-prints";
// Of the test's own network; both ends are on this host, so the relay has to be told that it may go there.
const address = "10.99.0.1";
const turn_secret = "north-by-northwest-1959";

let relay, service, browser, camera, page;
let pages = [];

before(async () => {
  relay = await Program.announce("petrel-turn", /Serving STUN and TURN/, "--listen", `${address}:3478`,
    "--realm", "example.org", "--auth-secret", turn_secret, "--allow-peer", "10.99.0.0/24");
  service = await Program.announce("petrel-kvs-service", /Viewer: http\S+/, "--sdk", sdk, "--channel", "door",
    "--key", `AKIDTEST:${secret}`, "--turn-url", `turn:${address}:3478?transport=udp`, "--turn-secret", turn_secret);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: origin(), AWS_REGION: "us-west-2", AWS_ACCESS_KEY_ID: "AKIDTEST", AWS_SECRET_ACCESS_KEY: secret,
    // The names of AWS's STUN servers are not to be found here, and the camera ends once it knows that.
    RES_OPTIONS: "timeout:1 attempts:1",
    AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" }); // Not those of whoever runs this.
  for (const name of ["AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL_KINESIS_VIDEO"]) {
    delete process.env[name];
  }
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await camera?.stop();
  await service?.stop();
  await relay?.stop();
});

const origin = () => service.output.match(/AWS_ENDPOINT_URL=(\S+)/)[1];
const viewer_of = (channel) => `${origin()}/?channel=${channel}`;
const publish = (channel, ...options) => Program.announce("petrel-camera", /Watch channel [^\n]+/,
  "--signaling", "kvs", "--channel", channel, "--size", "640x360", "--fps", "30", ...options);
const make = async (fault, body) => {
  const response = await fetch(`${origin()}/_test/${fault}`, { method: "POST", body: JSON.stringify(body) });
  assert.equal(response.status, 200, await response.text());
};
const masters = () => service.output.match(/^master of door connected/gm)?.length ?? 0;
const count = (program, pattern) => program.output.match(pattern)?.length ?? 0;

// The picture goes on for 60 frames and more, however the signaling is.
const plays_on = async (viewer = page) => decode_frames(viewer, 60, (await received(viewer, "video"))?.frames ?? 0);

test("AWS's viewer plays the camera of a channel that the camera has made", async () => {
  camera = await publish("door", "--log-level", "info");
  assert.match(camera.output, /Watch channel door at http:\S+.*\?channel=door/);
  assert.match(service.output, /createSignalingChannel: 200/);
  assert.doesNotMatch(camera.output, /Watch at/); // There is no page of its own.

  page = await open_page(browser, viewer_of("door"));
  const video = await decode_frames(page, 60);

  assert.deepEqual([video.width, video.height, video.codec], [640, 360, "video/H264"]);
  const first = await page.evaluate(() => window.petrelHarness.first_picture_ms);
  figure(`first picture ${first} ms after opening the viewer's page; ${video.frames} frames, ` +
    `${video.local} to ${video.remote}, lost ${video.lost}, key frames ${video.key_frames}, PLI ${video.plis}`);
  figure(camera.output.match(/^viewer-1: Connected[^\n]*/m)?.[0]);
});

test("the picture is the pattern", async () => {
  await page.screenshot({ path: path.join(output, "kvs.png") });
  for (const bar of await read_bars(page)) assert.ok(bar.off <= 24, `the ${bar.name} bar is ${bar.seen}`);
});

// Never a number of its own: the master makes another connection when the interfaces change, too, which in a new
// namespace they do for a second or two.
test("GO_AWAY brings another connection of the master, and the call goes on", async () => {
  const before = masters();
  await make("send", { text: JSON.stringify({ messageType: "GO_AWAY" }) });
  await until(page, "GO_AWAY at the camera", () => camera.output, (text) => /kvs\.go_away/.test(text));
  await until(page, "the master's next WebSocket", masters, (seen) => seen > before);
  await plays_on();
});

for (const [how, code] of [["with a close frame", 1001], ["without a word", 0]]) {
  test(`all WebSockets are closed ${how}: the master comes back, and the call goes on`, async () => {
    const before = masters();
    await make("close", { code });
    await until(page, "the master's next WebSocket", masters, (seen) => seen > before);
    await plays_on();
  });
}

test("RECONNECT_ICE_SERVER brings other TURN servers, and the call goes on", async () => {
  const asked = () => count(service, /^get-ice-server-config: 200/gm);
  const before = asked();
  await make("send", { text: JSON.stringify({ messageType: "RECONNECT_ICE_SERVER" }) });
  await until(page, "other TURN servers", asked, (seen) => seen > before);
  await plays_on();
});

test("a second viewer joins by the new connection and leaves, and the first plays on", async () => {
  const second = await open_page(browser, viewer_of("door"));
  const video = await decode_frames(second, 60);
  const first = await second.evaluate(() => window.petrelHarness.first_picture_ms);
  figure(`second viewer: first picture ${first} ms after opening the page, ${video.frames} frames`);
  await plays_on();
  assert.deepEqual(second.complaints, []);
  await second.context().close();
  await plays_on();
});

test("one viewer restarts ICE, then calls anew under the same name: it stays one viewer, with a picture", async () => {
  const third = await open_page(browser, viewer_of("door"));
  await plays_on(third);
  const calls = () => count(camera, /^viewer-\d+: called by kvs/gm);
  const ufrag = () => third.evaluate(() =>
    window.petrelHarness.connection().remoteDescription.sdp.match(/a=ice-ufrag:(\S+)/)[1]);
  const [before, ufrag_before] = [calls(), await ufrag()];
  await third.evaluate(() => window.viewer.restart());
  await until(third, "the restart's answer", ufrag, (seen) => seen !== ufrag_before);
  await plays_on(third);
  assert.equal(calls(), before);

  await third.evaluate(() => window.viewer.call());
  await until(third, "the new call", calls, (seen) => seen === before + 1);
  await plays_on(third);
  assert.deepEqual(third.complaints, []);
  await third.context().close();
  await plays_on();
});

test("a viewer that has only a relay plays by the channel's TURN server", async () => {
  const relayed = await open_page(browser, viewer_of("door"), { iceTransportPolicy: "relay" });
  const video = await decode_frames(relayed, 60);
  figure(`by relay: ${video.local} to ${video.remote}, ${video.frames} frames`);
  assert.equal(video.local, "relay");
  await relayed.context().close();
});

test("Ctrl-C closes the session in order while a viewer watches", async () => {
  assert.equal(await camera.stop(), 0, camera.output);
  await until(page, "the close frame at the service", () => service.output, (text) => /closed with 1000/.test(text));
  camera = undefined;
});

test("page and channel share one encoder, and no more than --max-viewers come in", async () => {
  camera = await publish("yard", "--signaling", "local", "--listen", "127.0.0.1:8080", "--max-viewers", "2");
  pages = [await open_page(browser, "http://127.0.0.1:8080/"), await open_page(browser, viewer_of("yard"))];
  const statistics = async () => (await fetch("http://127.0.0.1:8080/stats")).json();
  for (const each of pages) await plays_on(each);
  const seen = async () => (await Promise.all(pages.map((each) => received(each, "video"))))
    .reduce((sum, video) => sum + video.frames_received, 0);
  const [encoded, arrived] = [(await statistics()).frames, await seen()];
  for (const each of pages) await plays_on(each);
  const [more_arrived, now] = [(await seen()) - arrived, await statistics()];
  figure(`${now.frames - encoded} frames encoded, ${more_arrived} arrived at two viewers`);
  assert.equal(now.viewers.length, 2);
  assert.ok(more_arrived > 1.3 * (now.frames - encoded));

  const third = await open_page(browser, viewer_of("yard"));
  await until(third, "the refusal", () => camera.output, (text) => /turned away: 2 are watching/.test(text));
  await third.context().close();
  for (const each of pages) await plays_on(each);
});

test("a viewer that asks for sound hears the camera's tone beside the picture, and one that does not gets none", async () => {
  for (const each of pages.splice(0)) await each.context().close();
  assert.equal(await camera.stop(), 0, camera.output);
  camera = await publish("porch", "--audio", "tone");
  const listener = await open_page(browser, `${viewer_of("porch")}&audio`);
  await plays_on(listener);
  const loudest = await hear(listener);
  const sound = await received(listener, "audio");
  figure(`by kvs: ${sound.packets} packets of sound, ${sound.lost} lost, loudest sample ${loudest.toFixed(3)}`);
  assert.equal(sound.codec, "audio/opus");
  const watcher = await open_page(browser, viewer_of("porch"));
  await plays_on(watcher);
  assert.equal((await received(watcher, "audio")).packets, 0);
  for (const each of [listener, watcher]) await each.context().close();
});

test("what cannot pass by itself ends a camera of kvs only, in one line, and not one that has a page", async () => {
  // Twice: after the first, the keys are looked for once more.
  const failing = {
    call: "describeSignalingChannel", status: 403, type: "AccessDeniedException", message: "no", times: 2 };
  await make("fault", failing);
  const only = await Program.run("petrel-camera", "--signaling", "kvs", "--channel", "shed");
  assert.equal(only.code, 1, only.output);
  assert.equal(count(only, /^petrel-camera: kvs: .*DescribeSignalingChannel/gm), 1, only.output);

  await make("fault", failing);
  const both = await Program.announce("petrel-camera", /petrel-camera: kvs: .*DescribeSignalingChannel/,
    "--signaling", "kvs", "--channel", "shed", "--signaling", "local", "--listen", "127.0.0.1:8081");
  assert.equal((await fetch("http://127.0.0.1:8081/")).status, 200);
  assert.equal(await both.stop(), 0, both.output);
  for (const { output: text } of [only, both, camera]) assert.doesNotMatch(text, new RegExp(secret));
});

test("without a region it says how to give one", async () => {
  const { AWS_REGION } = process.env;
  delete process.env.AWS_REGION;
  const ended = await Program.run("petrel-camera", "--signaling", "kvs", "--channel", "shed");
  process.env.AWS_REGION = AWS_REGION;
  assert.equal(ended.code, 2, ended.output);
  assert.match(ended.output, /--region eu-west-1/);
});
