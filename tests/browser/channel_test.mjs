// Data channels between Chromium and petrel-echo, without any media: opened by either side, in every
// kind, with messages of every size, on a line that loses packets, and closed from either side.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";

import { figure, launch, open_page } from "./browser.mjs";
import { Program } from "./program.mjs";

const largest = 256 * 1024;  // What both sides announce.
let echo, browser, page;

// Runs in the page: a connection to petrel-echo, and what the tests ask of its channels.
function laboratory() {
  const limit = 30_000;
  const within = (what, promise) => Promise.race([promise, new Promise((_, reject) =>
    setTimeout(() => reject(new Error(`waited ${limit} ms for ${what}`)), limit))]);
  const happens = (channel, name) =>
    within(`${name} of ${channel.label}`, new Promise((resolve) => channel.addEventListener(name, resolve, { once: true })));
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const arrived = [];
  const waiting = [];
  let connection;

  // Every byte depends on its place and on the length, so that a piece that is missing shows.
  const bytes_of = (size) => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) + size) & 0xff);
  // So many bytes of UTF-8, in characters of one, two and three.
  const text_of = (size) => "petrelå ☂".repeat(Math.floor(size / 12)) + "x".repeat(size % 12);

  window.laboratory = {
    async connect() {
      connection = new RTCPeerConnection();
      connection.ondatachannel = ({ channel }) => {
        channel.binaryType = "arraybuffer";
        (waiting.shift() ?? ((each) => arrived.push(each)))(channel);
      };
      const first = this.create("first");
      await connection.setLocalDescription();
      await within("candidates", new Promise((resolve) => {
        const done = () => { if (connection.iceGatheringState === "complete") resolve(); };
        connection.addEventListener("icegatheringstatechange", done);
        done();
      }));
      const began = performance.now();
      const response = await fetch("offer", {
        method: "POST", body: connection.localDescription.sdp, headers: { "Content-Type": "application/sdp" },
      });
      if (!response.ok) throw new Error(await response.text());
      await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
      await this.opened(first);
      return { open_ms: performance.now() - began, channel: first,
        sctp: connection.sctp.state, limit: connection.sctp.maxMessageSize,
        offer: connection.localDescription.sdp, answer: connection.remoteDescription.sdp };
    },
    create(label, init) {
      const channel = connection.createDataChannel(label, init);
      channel.binaryType = "arraybuffer";
      return channel;
    },
    opened: (channel) => channel.readyState === "open" ? channel : happens(channel, "open").then(() => channel),
    closed: (channel) => channel.readyState === "closed" ? channel : happens(channel, "close").then(() => channel),
    // The next channel that the far side opens.
    arrives: () => arrived.length > 0 ? arrived.shift()
      : within("a channel of the peer's", new Promise((resolve) => waiting.push(resolve))),

    // Sends each size as text and as bytes, and checks what comes back, in whichever order.
    async exchange(channel, sizes) {
      await this.opened(channel);
      const sent = sizes.flatMap((size) => [bytes_of(size), text_of(size)]);
      const same = (a, b) => typeof a === "string" ? a === b
        : typeof b !== "string" && a.length === b.length && a.every((byte, i) => byte === b[i]);
      let missing = [...sent];
      const wrong = [];
      const all = new Promise((resolve) => {
        channel.onmessage = ({ data }) => {
          const message = typeof data === "string" ? data : new Uint8Array(data);
          const index = missing.findIndex((each) => same(each, message));
          if (index < 0) wrong.push(message.length);
          if (index > 0 && channel.ordered) wrong.push(`${message.length} out of order`);
          missing.splice(index, index < 0 ? 0 : 1);
          if (missing.length === 0) resolve();
        };
      });
      for (const message of sent) channel.send(message);
      await within(`echoes on ${channel.label}`, all).catch((error) => wrong.push(error.message));
      channel.onmessage = null;
      return { wrong, missing: missing.map((each) => each.length) };
    },

    // A channel on which messages are numbered, some of several packets; it keeps the numbers of those that come
    // back as they were.
    numbered(label, init) {
      const channel = this.create(label, init);
      const text_at = (number) => `${number} ${text_of((number * 97) % (number % 10 === 0 ? 5000 : 900))}`;
      const tally = { channel, sent: 0, back: [], wrong: [] };
      channel.onmessage = ({ data }) => {
        const number = Number(data.split(" ", 1)[0]);
        if (data === text_at(number)) tally.back.push(number); else tally.wrong.push(data.slice(0, 50));
      };
      tally.send = () => channel.send(text_at(tally.sent++));
      return tally;
    },
    // So many, a few at a time.
    async send_numbered(tally, count) {
      await this.opened(tally.channel);
      for (let each = 0; each < count; ++each) {
        tally.send();
        if (each % 4 === 3) await pause(10);
      }
    },
    // Sends more until one of those comes back, and then nothing else does: what is missing now will never come.
    async settle_numbered(tally) {
      const first = tally.sent;
      await within(`a message sent after the first ${first}`, (async () => {
        while (!tally.back.some((number) => number >= first)) {
          tally.send();
          await pause(200);
        }
      })());
      for (let seen = -1; seen !== tally.back.length; await pause(1000)) seen = tally.back.length;
      const { sent, back, wrong } = tally;
      return { sent, back, wrong, counted: await this.counted(tally.channel) };
    },
    // What the browser itself has counted.
    async counted({ id }) {
      for (const entry of (await connection.getStats()).values()) {
        if (entry.type !== "data-channel" || entry.dataChannelIdentifier !== id) continue;
        return [entry.messagesSent, entry.messagesReceived];
      }
      return [];
    },

    // `total` bytes in messages of `size`, there and back, as fast as it goes.
    async stream(channel, total, size) {
      await this.opened(channel);
      const data = bytes_of(total);
      const back = new Uint8Array(total);
      let received = 0;
      const all = new Promise((resolve) => {
        channel.onmessage = ({ data: piece }) => {
          back.set(new Uint8Array(piece), received);
          received += piece.byteLength;
          if (received === total) resolve();
        };
      });
      const began = performance.now();
      channel.bufferedAmountLowThreshold = 256 * 1024;
      for (let at = 0; at < total; at += size) {
        if (channel.bufferedAmount > 1024 * 1024) await happens(channel, "bufferedamountlow");
        channel.send(data.subarray(at, Math.min(at + size, total)));
      }
      await within(`the ${total} bytes; ${received} came`, all);
      const ms = performance.now() - began;
      const digest = async (bytes) =>
        [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      channel.onmessage = null;
      return { ms, sent: await digest(data), received: await digest(back) };
    },
    connection: () => connection,
  };
}

before(async () => {
  echo = await Program.start("petrel-echo");
  browser = await launch();
  page = await open_page(browser, echo.url);
  await page.evaluate(laboratory);
});

after(async () => {
  await browser?.close();
  await echo?.stop();
});

const sizes = [0, 1, 2, 100, 1_000, 1_171, 1_172, 1_200, 5_000, 16_384, 65_535, 65_536, 65_537, 100_000, largest];

// What exchange() answers when all is well.
const well = { wrong: [], missing: [] };

test("a connection without media opens a channel of the browser's", async () => {
  const seen = await page.evaluate(async () => {
    const { channel, ...rest } = await window.laboratory.connect();
    window.first = channel;
    return { ...rest, ordered: channel.ordered };
  });

  assert.equal(seen.sctp, "connected");
  assert.equal(seen.limit, largest);
  assert.match(seen.answer, /m=application \d+ UDP\/DTLS\/SCTP webrtc-datachannel/);
  figure(`data channel open ${seen.open_ms.toFixed(0)} ms after the offer was posted`);
});

test("text and bytes of every size come back in order", async () => {
  assert.deepEqual(await page.evaluate((sizes) => window.laboratory.exchange(window.first, sizes), sizes), well);
});

for (const [name, init] of Object.entries({
  "unordered": { ordered: false },
  "with a protocol": { protocol: "chat.v1" },
  "negotiated beforehand": { negotiated: true, id: 100 },
})) {
  test(`a channel ${name} echoes everything`, async () => {
    const result = await page.evaluate(([name, init, sizes]) =>
      window.laboratory.exchange(window.laboratory.create(name, init), sizes), [name, init, sizes]);
    assert.deepEqual(result, well);
  });
}

// Every tenth UDP packet of this network, both ways: of ICE and DTLS as well.
function lossy(work) {
  const nft = (...rule) => assert.equal(spawnSync("nft", rule, { stdio: "inherit" }).status, 0, `nft ${rule.join(" ")}`);
  nft("add", "table", "inet", "lossy");
  nft("add", "chain", "inet", "lossy", "in", "{ type filter hook input priority 0; }");
  nft("add", "rule", "inet", "lossy", "in", "meta", "l4proto", "udp", "numgen", "random", "mod", "10", "0", "drop");
  return work().finally(() => nft("delete", "table", "inet", "lossy"));
}

const lost_from = 300;
for (const [name, init] of Object.entries({
  "that sends nothing again": { maxRetransmits: 0 },
  "that sends once again": { maxRetransmits: 1 },
  "with a lifetime": { maxPacketLifeTime: 50 },
  "without order that sends nothing again": { ordered: false, maxRetransmits: 0, protocol: "chat.v1" },
})) {
  test(`a channel ${name} loses messages, and nothing else`, async () => {
    await lossy(() => page.evaluate(([name, init, count]) => {
      window.tally = window.laboratory.numbered(name, init);
      return window.laboratory.send_numbered(window.tally, count);
    }, [name, init, lost_from]));
    const { sent, back, wrong, counted } = await page.evaluate(() => window.laboratory.settle_numbered(window.tally));

    assert.deepEqual(wrong, []);
    assert.equal(new Set(back).size, back.length, `none comes twice: ${back}`);
    assert.ok(back.every((number) => number < sent), `none that was not sent: ${back}`);
    if (init.ordered !== false) assert.deepEqual(back, back.toSorted((a, b) => a - b), "in order");
    assert.deepEqual(counted, [sent, back.length], "the browser has counted the same");
    const survived = back.filter((number) => number < lost_from).length;
    // One of some 600 packets is lost, but for once in 10^27.
    if (init.maxRetransmits === 0) assert.ok(survived < lost_from, "nothing was lost");
    figure(`${name}: ${survived} of ${lost_from} came back, at a tenth lost each way`);

    // The others have come to no harm.
    assert.deepEqual(await page.evaluate(() => window.laboratory.exchange(window.first, [10, 10_000])), well);
    await page.evaluate(() => window.tally.channel.close());
  });
}

test("a channel that petrel opens has what it was given, and echoes", async () => {
  const seen = await page.evaluate(async (sizes) => {
    const channel = await window.laboratory.arrives();
    const { label, ordered, negotiated, id } = channel;
    return { label, ordered, negotiated, id, ...await window.laboratory.exchange(channel, sizes) };
  }, sizes);
  // The DTLS client takes even streams, and the answerer is the client.
  assert.deepEqual(seen, { label: "from petrel", ordered: true, negotiated: false, id: 0, ...well });
});

test("ten megabytes come back as they were", async () => {
  const total = 10 * 1024 * 1024;
  const result = await page.evaluate((total) => window.laboratory.stream(window.first, total, 65_536), total);

  assert.equal(result.received, result.sent);
  figure(`${total} bytes there and back in ${result.ms.toFixed(0)} ms, ` +
    `${(total * 8 / result.ms / 1000).toFixed(0)} Mbit/s each way`);
});

test("many channels at once do not mix up their messages", async () => {
  const results = await page.evaluate(async () => {
    const channels = Array.from({ length: 50 }, (_, i) => window.laboratory.create(`channel ${i}`));
    const results = await Promise.all(channels.map((channel, i) => window.laboratory.exchange(channel, [i, 1000 + i, 20_000 + i])));
    channels.forEach((channel) => channel.close());
    return results;
  });
  for (const result of results) assert.deepEqual(result, well);
});

test("a message longer than petrel takes is refused by the browser itself", async () => {
  const error = await page.evaluate((size) => {
    try {
      window.first.send(new Uint8Array(size));
      return null;
    } catch (caught) {
      return caught.name;
    }
  }, largest + 1);
  assert.equal(error, "TypeError");
});

test("a channel closes from either side, and its stream serves again", async () => {
  const seen = await page.evaluate(async () => {
    const ids = [];
    for (const closer of ["browser", "petrel", "browser", "petrel"]) {
      const channel = await window.laboratory.opened(window.laboratory.create(`closed by ${closer}`));
      ids.push(channel.id);
      if (closer === "petrel") channel.send("close"); else channel.close();
      await window.laboratory.closed(channel);
    }
    return ids;
  });
  assert.equal(new Set(seen).size, 1, `one stream after the other: ${seen}`);
});

test("the other channels have noticed nothing", async () => {
  assert.deepEqual(await page.evaluate(() => window.laboratory.exchange(window.first, [10, 10_000])), well);
});

// draft-hancke-tsvwg-snap: the association is up without a handshake of its own, and works like any other.
test("a browser that announces its association finds it up", async () => {
  const snapping = await launch({ features: ["WebRtcSctpSnap"] });
  try {
    const other = await open_page(snapping, echo.url);
    await other.evaluate(laboratory);
    const seen = await other.evaluate(async (sizes) => {
      const { channel, ...rest } = await window.laboratory.connect();
      const first = await window.laboratory.exchange(channel, sizes);
      const more = await window.laboratory.exchange(window.laboratory.create("more", { ordered: false }), sizes);
      const theirs = await window.laboratory.arrives();
      const from_petrel = await window.laboratory.exchange(theirs, sizes);
      const bulk = await window.laboratory.stream(channel, 1024 * 1024, 65_536);
      theirs.close();
      await window.laboratory.closed(theirs);
      return { ...rest, first, more, from_petrel, bulk };
    }, sizes);
    assert.match(seen.offer, /^a=sctp-init:AQ/m);
    assert.match(seen.answer, /^a=sctp-init:AQ/m);
    assert.deepEqual([seen.first, seen.more, seen.from_petrel], [well, well, well]);
    assert.equal(seen.bulk.received, seen.bulk.sent);
    figure(`with SNAP, data channel open ${seen.open_ms.toFixed(0)} ms after the offer was posted`);
  } finally {
    await snapping.close();
  }
});

test("closing the connection ends it, and Ctrl-C the program", async () => {
  await page.evaluate(() => window.laboratory.connection().close());
  assert.equal(await echo.stop(), 0, echo.output);
});
