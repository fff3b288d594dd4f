// Debian's Chromium, and what the tests ask of a page in it.

import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout } from "node:timers/promises";

import { instrument } from "./instrument.mjs";

export const output = process.env.PETREL_TEST_OUTPUT ?? "build/release/tests/browser";
export const deadline_ms = 60_000;

// npm's packages live in the build folder, where an import would not look for them.
export const require_package = createRequire(path.resolve(output, "node_modules", "."));

const flags = [
  "--no-sandbox", // Its namespaces do not nest in the test's own.
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const fake_devices = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

// `features` are those of Chromium's that are not for everybody yet. Pages of the origin `trusted` may use camera and
// microphone, as those of https:// may, and so ICE hears of every interface: of others it hears the default route's.
export async function launch({ devices = false, features = [], trusted = undefined } = {}) {
  const { chromium } = require_package("playwright-core");
  return chromium.launch({
    executablePath: process.env.PETREL_CHROMIUM ?? "/usr/bin/chromium",
    args: [...flags, ...(devices || trusted ? fake_devices : []),
      ...features.map((name) => `--enable-blink-features=${name}`),
      ...(trusted ? [`--unsafely-treat-insecure-origin-as-secure=${trusted}`] : [])],
  });
}

// A page in a profile of its own: another viewer, as if on another computer. `configuration`, if
// given, goes into each RTCPeerConnection of the page.
export async function open_page(browser, url, configuration, permissions = []) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  if (permissions.length > 0) await context.grantPermissions(permissions, { origin: new URL(url).origin });
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.complaints.push(message.text());
  });
  if (configuration) {
    await page.addInitScript((extra) => {
      const Native = window.RTCPeerConnection;
      window.RTCPeerConnection = class extends Native {
        constructor(own) {
          super({ ...own, ...extra });
        }
      };
    }, configuration);
  }
  await page.addInitScript(instrument);
  await page.goto(url);
  return page;
}

export const received = (page, kind) => page.evaluate((kind) => window.petrelHarness.received(kind), kind);

// Runs in a page of the camera's: plays WHEP and never restarts anything, so that what recovers does so by itself.
export async function watch() {
  const connection = new RTCPeerConnection();
  connection.addTransceiver("video", { direction: "recvonly" });
  const video = document.body.appendChild(document.createElement("video"));
  video.muted = true;
  connection.ontrack = ({ track }) => {
    video.srcObject = new MediaStream([track]);
    video.play().catch(() => {});
  };
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== "complete") {
    await new Promise((resolve) => connection.addEventListener("icegatheringstatechange", resolve));
  }
  const response = await fetch("/whep", {
    method: "POST", body: connection.localDescription.sdp, headers: { "Content-Type": "application/sdp" } });
  await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
}

// Figures are for reading, never for passing or failing; scripts/test shows these lines.
export const figure = (text) => console.log(`figure: ${text}`);

// Asks `look` until its answer is `enough`, and gives that. `what` is for the error.
export async function until(page, what, look, enough) {
  for (const end = Date.now() + deadline_ms; ; await setTimeout(100)) {
    const seen = await look();
    if (enough(seen)) return seen;
    if (Date.now() > end) {
      throw new Error(`waited ${deadline_ms} ms for ${what}; there is ${JSON.stringify(seen)}\n` +
        `the page said: ${page.complaints.join("\n") || "nothing"}`);
    }
  }
}

// Waits until `page` has decoded `count` frames more than the `since` it had.
export const decode_frames = (page, count, since = 0) =>
  until(page, `${count} frames more than ${since}`, () => received(page, "video"),
    (video) => video?.frames >= since + count);

// Waits until `page` hears more than silence, and gives the loudest sample.
export const hear = (page) =>
  until(page, "a sound", () => page.evaluate(() => window.petrelHarness.loudest()), (loudest) => loudest > 0.05);

// The strongest frequency of what the page receives, in Hz, and how far it stands above the middle one, in dB.
export const spectrum = (page) => page.evaluate(() => {
  window.petrelSpectrum ??= (() => {
    const receiver = window.petrelHarness.connection().getReceivers().find(({ track }) => track.kind === "audio");
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 16384 });
    context.createMediaStreamSource(new MediaStream([receiver.track])).connect(analyser);
    return { context, analyser };
  })();
  const { context, analyser } = window.petrelSpectrum;
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  const peak = bins.indexOf(Math.max(...bins));
  return { hz: peak * context.sampleRate / analyser.fftSize, above: bins[peak] - [...bins].sort((a, b) => a - b)[bins.length / 2] };
});
