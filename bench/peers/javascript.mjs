// The peers that npm has, both ends of a pair in this process:
//
//   node javascript.mjs node-datachannel|wrtc|werift  data SIZE SECONDS | setup COUNT | pairs COUNT
//
// prints one line of JSON, with the fields of petrel-bench. Candidates trickle.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(import.meta.url);
// By path: not every package exports its package.json.
const version = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

// Each adapter's pair(): open() settles when the offerer's channel is open; remote() is a promise
// of the answerer's end.
const adapters = {
  "node-datachannel": () => {
    const library = require("node-datachannel");
    let count = 0;
    return {
      version: `libdatachannel ${library.getLibraryVersion().trim()}`,
      pair() {
        const config = { iceServers: [], maxMessageSize: 1 << 20 };
        const ends = ["a", "b"].map((name) => new library.PeerConnection(name + count, config));
        count += 1;
        // A candidate before the description aborts the process, so those wait.
        ends.forEach((from, index) => {
          const to = ends[1 - index];
          let described = false;
          const early = [];
          from.onLocalDescription((sdp, type) => {
            to.setRemoteDescription(sdp, type);
            described = true;
            early.forEach((candidate) => to.addRemoteCandidate(...candidate));
          });
          from.onLocalCandidate((...candidate) => {
            if (described) to.addRemoteCandidate(...candidate);
            else early.push(candidate);
          });
        });
        const remote = new Promise((resolve) => ends[1].onDataChannel(resolve));
        const channel = ends[0].createDataChannel("bench");
        const open = new Promise((resolve) => channel.onOpen(resolve));
        return {
          open: () => open,
          onMessage: async (callback) => (await remote).onMessage((message) => callback(message.length)),
          send: (message) => channel.sendMessageBinary(message),
          buffered: () => channel.bufferedAmount(),
          onLow(threshold, callback) {
            channel.setBufferedAmountLowThreshold(threshold);
            channel.onBufferedAmountLow(callback);
          },
          close: () => ends.forEach((end) => end.close()),
        };
      },
    };
  },

  wrtc: () => {
    const { RTCPeerConnection } = require("@roamhq/wrtc");
    return {
      version: `libwebrtc, wrtc ${version("@roamhq/wrtc")}`,
      pair: () =>
        standardPair(
          () => new RTCPeerConnection(),
          (end, callback) => { end.onicecandidate = ({ candidate }) => candidate && callback(candidate); },
          (end, callback) => { end.ondatachannel = ({ channel }) => callback(channel); },
          {
            opened: (channel, callback) => { channel.onopen = callback; },
            messages: (channel, callback) => {
              channel.binaryType = "arraybuffer";
              channel.onmessage = ({ data }) => callback(data.byteLength);
            },
            low: (channel, callback) => { channel.onbufferedamountlow = callback; },
          }),
    };
  },

  werift: () => {
    const { RTCPeerConnection } = require("werift");
    return {
      version: `werift ${version("werift")}`,
      pair: () =>
        standardPair(
          () => new RTCPeerConnection({ iceServers: [] }),
          (end, callback) => end.onIceCandidate.subscribe((each) => each && callback(each.toJSON?.() ?? each)),
          (end, callback) => end.onDataChannel.subscribe(callback),
          {
            opened: (channel, callback) =>
              channel.stateChanged.subscribe((state) => state === "open" && callback()),
            messages: (channel, callback) => channel.onMessage.subscribe((data) => callback(data.length)),
            low: (channel, callback) => channel.bufferedAmountLow.subscribe(callback),
          }),
    };
  },
};

// For libraries that have the W3C's calls.
function standardPair(make, onCandidate, onChannel, channelEvents) {
  const ends = [make(), make()];
  ends.forEach((from, index) => {
    // Those that come before the description are refused by some; later ones make up for it.
    onCandidate(from, (candidate) => Promise.resolve(ends[1 - index].addIceCandidate(candidate)).catch(() => {}));
  });
  const remote = new Promise((resolve) => onChannel(ends[1], resolve));
  const channel = ends[0].createDataChannel("bench");
  const open = new Promise((resolve) => channelEvents.opened(channel, resolve));
  const negotiated = (async () => {
    await ends[0].setLocalDescription(await ends[0].createOffer());
    await ends[1].setRemoteDescription(ends[0].localDescription);
    await ends[1].setLocalDescription(await ends[1].createAnswer());
    await ends[0].setRemoteDescription(ends[1].localDescription);
  })();
  return {
    open: () => Promise.all([negotiated, open]),
    onMessage: async (callback) => channelEvents.messages(await remote, callback),
    send: (message) => channel.send(message),
    buffered: () => channel.bufferedAmount,
    onLow(threshold, callback) {
      channel.bufferedAmountLowThreshold = threshold;
      channelEvents.low(channel, callback);
    },
    close: () => ends.forEach((end) => end.close()),
  };
}

const cpuSeconds = (since) => {
  const used = process.cpuUsage(since);
  return (used.user + used.system) / 1e6;
};
const milliseconds = () => Number(process.hrtime.bigint()) / 1e6;
const round = (value, digits = 2) => Number(value.toFixed(digits));

async function data(library, size, seconds) {
  const high = 4 << 20;
  const low = 1 << 20;
  const pair = library.pair();
  await pair.open();
  let received = 0;
  await pair.onMessage((length) => { received += length; });
  const message = Buffer.alloc(size, 7);
  let running = true;
  const pump = () => {
    while (running && pair.buffered() < high) pair.send(message);
  };
  pair.onLow(low, pump);
  pump();
  const again = setInterval(pump, 5);
  await sleep(1500);
  const before = { received, cpu: process.cpuUsage(), at: milliseconds() };
  await sleep(seconds * 1000);
  const elapsed = (milliseconds() - before.at) / 1000;
  const cpu = cpuSeconds(before.cpu);
  const bytes = received - before.received;
  running = false;
  clearInterval(again);
  return { size, MBps: round(bytes / 1e6 / elapsed), cpu_s_per_GB: round(cpu / (bytes / 1e9)) };
}

async function setup(library, count) {
  const warmUp = 3;
  const times = [];
  for (let i = 0; i < count + warmUp; ++i) {
    const begun = milliseconds();
    const pair = library.pair();
    await pair.open();
    if (i >= warmUp) times.push(milliseconds() - begun);
    pair.close();
    await sleep(100);
  }
  times.sort((a, b) => a - b);
  const at = (share) => round(times[Math.min(times.length - 1, Math.floor(times.length * share))]);
  return { count, open_ms_median: at(0.5), open_ms_p95: at(0.95) };
}

async function pairs(library, count) {
  const first = library.pair();
  await first.open();
  const kept = [first];
  await sleep(300);
  global.gc?.();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < count; ++i) {
    const pair = library.pair();
    await pair.open();
    kept.push(pair);
  }
  await sleep(1000);
  global.gc?.();
  await sleep(200);
  const grown = process.memoryUsage().rss - before;
  const idleFrom = process.cpuUsage();
  await sleep(3000);
  return {
    count,
    KiB_per_pair: round(grown / 1024 / count, 0),
    threads: readdirSync("/proc/self/task").length,
    idle_cpu_pct: round((cpuSeconds(idleFrom) / 3) * 100, 1),
  };
}

const [, , peer, what, first, second] = process.argv;
const work = { data, setup, pairs }[what];
if (!adapters[peer] || !work) {
  console.error("usage: javascript.mjs node-datachannel|wrtc|werift data SIZE SECONDS | setup COUNT | pairs COUNT");
  process.exit(2);
}
const library = adapters[peer]();
const figures = await work(library, Number(first), Number(second));
console.log(JSON.stringify({ peer, version: library.version, ...figures }));
process.exit(0); // Native threads would keep the process.
