// libwebrtc as a peer, by @roamhq/wrtc. It has what browsers have, so it runs the browsers' page.

import { npm_version, require_package } from "../install.mjs";
import { call_page } from "./call_page.mjs";
import { define_channels } from "./channels.mjs";
import { converse, tell } from "./lines.mjs";

const library = require_package("@roamhq/wrtc");
const { RTCAudioSource, RTCVideoSource } = library.nonstandard;

const poll_ms = 300;

// A tone and grey pictures, in place of a microphone and a camera.
function audio_track() {
  const source = new RTCAudioSource();
  const samples = new Int16Array(480);
  let at = 0;
  setInterval(() => {
    for (let i = 0; i < samples.length; ++i) samples[i] = 8000 * Math.sin(++at / 17);
    source.onData({ samples, sampleRate: 48_000, bitsPerSample: 16, channelCount: 1, numberOfFrames: 480 });
  }, 10);
  return source.createTrack();
}

function video_track() {
  const source = new RTCVideoSource();
  const [width, height] = [320, 240];
  let turn = 0;
  setInterval(() => {
    source.onFrame({ width, height, data: new Uint8ClampedArray((width * height * 3) / 2).fill((turn += 7) & 0xff) });
  }, 33);
  return source.createTrack();
}

async function getUserMedia({ audio, video }) {
  return new library.MediaStream([...(audio ? [audio_track()] : []), ...(video ? [video_track()] : [])]);
}

Object.assign(globalThis, library, { window: globalThis });
Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: { getUserMedia } } });
define_channels();
call_page();

let over = false;
const none = 65_535; // What it says of a limit that a channel does not have.
const pass_on = async (patience_ms) => {
  for (const line of await globalThis.petrelCall.told(patience_ms)) {
    for (const channel of line.result?.channels ?? []) {
      for (const name of ["max_retransmits", "max_packet_life_time"]) {
        if (channel[name] === none) channel[name] = null;
      }
    }
    tell(line);
  }
};
const listening = (async () => {
  while (!over) await pass_on(poll_ms);
  await pass_on(0);
})();
await converse("libwebrtc", `M106 (wrtc ${await npm_version("@roamhq/wrtc")})`, globalThis.petrelCall.handle);
over = true;
await listening;
process.exit();
