// Sound both ways: Chromium hears the camera's tone while the picture plays, and the camera hears Chromium's fake
// microphone, which beeps.

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { decode_frames, figure, hear, launch, open_page, output, received, spectrum, until } from "./browser.mjs";
import { Program } from "./program.mjs";

const heard = path.join(output, "heard.wav");
const tone_hz = 1000;
const sample_rate = 48_000;
const in_step_ms = 60; // ITU-R BT.1359: sound that is late by less than 125 ms, or early by 45, goes unnoticed.

let camera, browser, page;

before(async () => {
  camera = await Program.start("petrel-camera", "--size", "640x360", "--fps", "30", "--audio", "tone", "--talk",
    "--audio-out", `wav:${heard}`);
  browser = await launch({ devices: true });
});

after(async () => {
  await browser?.close();
  await camera?.stop();
});

test("the page has sound to switch on, and it is the camera's tone", async () => {
  page = await open_page(browser, camera.url);
  await decode_frames(page, 30);
  await page.locator("#sound").click();
  assert.equal(await page.evaluate(() => document.querySelector("video").muted), false);
  assert.equal(await page.locator("#sound").textContent(), "Sound off");

  const loudest = await hear(page);
  const { hz, above } = await until(page, "the tone", () => spectrum(page), ({ hz, above }) => Math.abs(hz - tone_hz) < 10 && above > 40);
  const audio = await received(page, "audio");
  figure(`${hz.toFixed(1)} Hz, ${above.toFixed(0)} dB above the rest, loudest sample ${loudest.toFixed(3)}, ` +
    `${audio.packets} packets, ${audio.lost} lost`);
  assert.equal(audio.codec, "audio/opus");
});

test("the picture plays on beside it, in step with it", async () => {
  await decode_frames(page, 60, (await received(page, "video")).frames);
  // Both streams' sender reports have arrived once the browser can say when what it plays was taken.
  // Chromium bends the two together slowly, and was seen 5 to 20 ms apart in the end.
  const times = await until(page, "sound and picture in step", () => page.evaluate(async () => {
    const report = [...(await window.petrelHarness.connection().getStats()).values()];
    const of = (kind) => report.find((each) => each.type === "inbound-rtp" && each.kind === kind)?.estimatedPlayoutTimestamp;
    return [of("audio"), of("video")];
  }), ([audio, video]) => Math.abs(audio - video) < in_step_ms);
  figure(`what plays was taken ${(times[0] - times[1]).toFixed(0)} ms apart: sound minus picture`);
});

// Blocks of 20 ms, by how loud they are.
function levels(file) {
  const bytes = readFileSync(file);
  assert.equal(bytes.toString("latin1", 0, 4), "RIFF");
  assert.equal(bytes.readUInt32LE(24), sample_rate);
  const samples = (bytes.length - 44) / 2;
  const block = sample_rate / 50;
  return Array.from({ length: Math.floor(samples / block) }, (_, index) => {
    let sum = 0;
    for (let i = 0; i < block; ++i) sum += bytes.readInt16LE(44 + 2 * (index * block + i)) ** 2;
    return Math.sqrt(sum / block) / 32768;
  });
}
// Where a beep begins, in seconds: loud after quiet.
const beeps = (file) => levels(file).flatMap((level, index, all) => (level > 0.02 && (all[index - 1] ?? 0) <= 0.02 ? [index / 50] : []));

test("while the button is held the camera hears the microphone", async () => {
  assert.deepEqual(beeps(heard), []);
  const button = await page.locator("#talk").boundingBox();
  await page.mouse.move(button.x + button.width / 2, button.y + button.height / 2);
  await page.mouse.down();
  const starts = await until(page, "beeps in the camera's file", async () => beeps(heard), (found) => found.length >= 6);
  assert.equal(await page.evaluate(() => document.querySelector("video").muted), true);
  await page.mouse.up();

  const gaps = starts.slice(1).map((start, index) => start - starts[index]);
  const all = levels(heard);
  const quiet = all.filter((level) => level < 0.02).length;
  figure(`beeps at ${starts.map((each) => each.toFixed(2)).join(", ")} s; ${quiet} of ${all.length} blocks are quiet`);
  // Chromium's beeps every half second; between them there is next to nothing.
  const usual = gaps.filter((gap) => Math.abs(gap - 0.5) < 0.1).length;
  assert.ok(usual >= gaps.length - 1, `${gaps}`);
  assert.ok(quiet > all.length / 2);
});

test("released, nothing is sent any more, and the tone is back", async () => {
  const statistics = async () => (await fetch(new URL("/stats", camera.url))).json();
  const talked = async () => (await statistics()).viewers[0].talk_packets_received;
  const before = await until(page, "the end of the talk", async () => {
    const first = await talked();
    await decode_frames(page, 15, (await received(page, "video")).frames);
    return [first, await talked()];
  }, ([first, second]) => first === second);
  figure(`${before[0]} packets of talk arrived`);
  assert.ok(before[0] > 100);
  assert.equal(await page.evaluate(() => document.querySelector("video").muted), false);
  await until(page, "the tone", () => spectrum(page), ({ hz }) => Math.abs(hz - tone_hz) < 10);
  assert.deepEqual(page.complaints, []);
});

test("a player that offers no audio gets a picture and no sound", async () => {
  const plain = await browser.newPage();
  await plain.goto(new URL("/stats", camera.url).href);
  const answer = await plain.evaluate(async () => {
    const connection = new RTCPeerConnection();
    connection.addTransceiver("video", { direction: "recvonly" });
    await connection.setLocalDescription();
    const response = await fetch("/whep", {
      method: "POST", body: connection.localDescription.sdp, headers: { "Content-Type": "application/sdp" } });
    return response.text();
  });
  assert.match(answer, /^m=video/m);
  assert.doesNotMatch(answer, /^m=audio/m);
  await plain.close();
});

test("Ctrl-C ends the program cleanly, and the file stays whole", async () => {
  assert.equal(await camera.stop(), 0, camera.output);
  const bytes = readFileSync(heard);
  assert.equal(bytes.readUInt32LE(40), bytes.length - 44);
});

test("a camera without sound shows no button for it, one that only listens has no sound to switch on", async () => {
  for (const [options, sound, talk] of [[[], true, true], [["--audio", "tone"], false, true], [["--talk", "--audio-out", "null"], true, false]]) {
    camera = await Program.start("petrel-camera", "--size", "320x180", ...options);
    const each = await open_page(browser, camera.url);
    await decode_frames(each, 10);
    assert.equal(await each.locator("#sound").isHidden(), sound, `${options}`);
    assert.equal(await each.locator("#talk").isHidden(), talk, `${options}`);
    assert.deepEqual(each.complaints, []);
    await each.context().close();
    assert.equal(await camera.stop(), 0, camera.output);
  }
});

// ALSA itself, with a file for a microphone and another for a loudspeaker: the devices of its own plugins.
test("by ALSA, a microphone's tone is heard and a talk is played", async () => {
  const [spoken, played, config] = ["microphone.raw", "loudspeaker.raw", "asound.conf"].map((name) => path.join(output, name));
  const tone = 600;
  const samples = Int16Array.from({ length: 120 * sample_rate }, (_, index) => 6000 * Math.sin(2 * Math.PI * tone * index / sample_rate));
  writeFileSync(spoken, Buffer.from(samples.buffer));
  writeFileSync(config, `
    pcm.from_file { type file slave.pcm "null" file "/dev/null" infile "${spoken}" format "raw" }
    pcm.to_file { type file slave.pcm "null" file "${played}" format "raw" }`);
  process.env.ALSA_CONFIG_PATH = `/usr/share/alsa/alsa.conf:${config}`;
  camera = await Program.start("petrel-camera", "--size", "320x180", "--audio", "--audio-device", "from_file", "--talk",
    "--audio-out", "to_file");
  delete process.env.ALSA_CONFIG_PATH;
  const each = await open_page(browser, camera.url);
  await decode_frames(each, 10);
  await each.locator("#sound").click();
  const { hz } = await until(each, "the tone", () => spectrum(each), ({ hz, above }) => Math.abs(hz - tone) < 10 && above > 40);
  await each.locator("#talk").focus();
  await each.keyboard.down("Space");
  const loud = () => {
    const bytes = existsSync(played) ? readFileSync(played) : Buffer.alloc(0);
    return Array.from({ length: Math.floor(bytes.length / 1920) }, (_, block) =>
      bytes.subarray(1920 * block, 1920 * (block + 1))).filter((block) => block.some((byte, index) => index % 2 && byte > 3 && byte < 252)).length;
  };
  const blocks = await until(each, "beeps in ALSA's file", async () => loud(), (count) => count >= 4);
  await each.keyboard.up("Space");
  figure(`by ALSA: ${hz.toFixed(1)} Hz heard, ${blocks} loud blocks played`);
  assert.doesNotMatch(camera.output, /microphone from_file:|loudspeaker to_file:/);
  await each.context().close();
  assert.equal(await camera.stop(), 0, camera.output);
});

test("without a microphone the picture plays, and one line says what is wrong", async () => {
  camera = await Program.start("petrel-camera", "--size", "320x180", "--audio", "--audio-device", "hw:7");
  const each = await open_page(browser, camera.url);
  await decode_frames(each, 10);
  await until(each, "the line", () => camera.output, (text) => /^petrel-camera: microphone hw:7: .*\. It is looked for again/m.test(text));
  assert.equal(camera.output.match(/microphone hw:7: /g).length, 1, camera.output);
  assert.doesNotMatch(camera.output, /ALSA lib/);
  await each.context().close();
  assert.equal(await camera.stop(), 0, camera.output);
});

test("while the camera is missing the page has its sound, and one line says what is wrong", async () => {
  camera = await Program.start("petrel-camera", "--source", "v4l2:/dev/video99", "--audio", "tone");
  assert.equal(camera.output.match(/video99 is not there/g)?.length, 1, camera.output);
  assert.match(camera.output, /Trying again in 1 s/);
  const each = await open_page(browser, camera.url);
  const { hz } = await until(each, "the tone", async () => {
    if (!await each.evaluate(() => window.petrelHarness.connection()?.connectionState === "connected")) return { hz: 0, above: 0 };
    return spectrum(each);
  }, ({ hz, above }) => Math.abs(hz - tone_hz) < 10 && above > 40);
  figure(`without a camera: ${hz.toFixed(1)} Hz heard`);
  const { source, frames } = await (await fetch(new URL("/stats", camera.url))).json();
  assert.deepEqual([source, frames], ["/dev/video99, which is not there yet", 0]);
  assert.deepEqual(each.complaints, []);
  await each.context().close();
  assert.equal(await camera.stop(), 0, camera.output);

  const mistaken = await Program.run("petrel-camera", "--source", "v4l2:/video99");
  assert.equal(mistaken.code, 2, mistaken.output);
  assert.match(mistaken.output, /^petrel-camera: \/video99 is no file in \/dev, as cameras are\..*\n$/);
});
