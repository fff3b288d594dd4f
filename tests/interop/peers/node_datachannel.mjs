// libdatachannel as a peer, by node-datachannel.

import { randomInt } from "node:crypto";

import { npm_version, require_package } from "../install.mjs";
import { define_channels } from "./channels.mjs";
import { converse, Counter, tell } from "./lines.mjs";
import { FrameClock } from "./rtp.mjs";

const { default: library } = await import(require_package.resolve("node-datachannel"));

const payload_types = { VP8: 96, H264: 102, opus: 111 };

define_channels();
const channels = globalThis.petrelChannels(tell);
let settings, connection, counter;
const tracks = new Map();
const clocks = new Map();

const add_codec = {
  VP8: (medium) => medium.addVP8Codec(payload_types.VP8),
  H264: (medium) => medium.addH264Codec(payload_types.H264),
  opus: (medium) => medium.addOpusCodec(payload_types.opus),
};

// The number under which the offer has the codec; ours where we offer.
function payload_type(codec) {
  const offered = connection.remoteDescription()?.sdp.match(new RegExp(`^a=rtpmap:(\\d+) ${codec}/`, "im"));
  return offered ? Number(offered[1]) : payload_types[codec];
}

function rtp_packet(ssrc, type, payload, { sequence_number, timestamp, marker }) {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = type | (marker ? 0x80 : 0);
  header.writeUInt16BE(sequence_number, 2);
  header.writeUInt32BE(timestamp, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

function use(track, medium, ssrc) {
  tracks.set(medium.kind, track);
  track.onMessage((packet) => {
    const type = packet[1] & 0x7f;
    if (type < 64 || type > 95) counter.add(medium.kind); // RFC 5761 4: the rest is RTCP.
  });
  const send = () => {
    const type = payload_type(medium.codec);
    clocks.set(medium.kind, new FrameClock(medium, (payload, header) => {
      if (track.isOpen()) track.sendMessageBinary(rtp_packet(ssrc, type, payload, header));
    }));
  };
  if (track.isOpen()) send();
  else track.onOpen(send);
}

// Its channels, as the W3C has them. It does not tell how the other side's are delivered: `options` are those
// of its own.
function use_channel(channel, options = {}) {
  channels.use({
    ...options,
    label: channel.getLabel(),
    protocol: channel.getProtocol(),
    get id() { return channel.getId(); },
    get bufferedAmount() { return channel.bufferedAmount(); },
    set bufferedAmountLowThreshold(bytes) { channel.setBufferedAmountLowThreshold(bytes); },
    set onbufferedamountlow(callback) { channel.onBufferedAmountLow(callback); },
    set onclose(callback) { channel.onClosed(callback); },
    set onmessage(callback) { channel.onMessage((data) => callback({ data })); },
    send: (data) =>
      typeof data === "string" ? channel.sendMessage(data) : channel.sendMessageBinary(Buffer.from(data)),
    close: () => channel.close(),
  });
}

function start(told) {
  settings = told;
  counter = new Counter(told.media, told.enough);
  connection = new library.PeerConnection("peer", {
    iceServers: [],
    disableAutoNegotiation: true,
    forceMediaTransport: true,
  });
  connection.onStateChange((state) => tell({ state }));
  const describe = () => {
    const { type, sdp } = connection.localDescription();
    tell({ description: { type, sdp } });
  };
  if (told.trickle) {
    connection.onLocalDescription((sdp, type) => tell({ description: { type, sdp } }));
    connection.onLocalCandidate((candidate, mid) => tell({ candidate: { candidate, mid } }));
  }
  connection.onGatheringStateChange((state) => {
    if (state !== "complete") return;
    if (told.trickle) tell({ candidate: { candidate: "", mid: "" } });
    else describe();
  });
  // An answerer's tracks are made by the offer, and send as well once they are told so.
  connection.onTrack((track) => {
    const medium = told.media.find(({ kind }) => kind === track.type());
    if (medium) use(track, medium, randomInt(1, 2 ** 31));
  });
  connection.onDataChannel((channel) => use_channel(channel));
  for (const spec of told.data?.channels ?? []) {
    const options = channels.options(spec);
    use_channel(connection.createDataChannel(spec.label, { ...options, unordered: options.ordered === false }), options);
  }
  if (told.role !== "offer") return;
  for (const medium of told.media) {
    const ssrc = randomInt(1, 2 ** 31);
    const description = new { audio: library.Audio, video: library.Video }[medium.kind](medium.kind, "SendRecv");
    add_codec[medium.codec](description);
    description.addSSRC(ssrc, "peer", "stream", medium.kind);
    use(connection.addTrack(description), medium, ssrc);
  }
  connection.setLocalDescription("offer");
}

async function report() {
  const pair = connection?.getSelectedCandidatePair();
  tell({
    result: {
      connected: connection?.state() === "connected",
      received: counter?.received,
      sent: Object.fromEntries([...clocks].map(([kind, { sent }]) => [kind, sent])),
      pair: pair && { local: pair.local.type, remote: pair.remote.type },
      channels: await channels.result(),
    },
  });
}

const version = `${library.getLibraryVersion()} (node-datachannel ${await npm_version("node-datachannel")})`;
await converse("libdatachannel", version, async (line) => {
  if (line.start) {
    start(line.start);
  } else if (line.description) {
    connection.setRemoteDescription(line.description.sdp, line.description.type);
    if (line.description.type === "offer") connection.setLocalDescription("answer");
  } else if (line.candidate) {
    // It has no word for the end of candidates.
    const { candidate, mid } = line.candidate;
    if (candidate !== "") connection.addRemoteCandidate(candidate, mid);
  } else if (line.report) {
    await report();
  }
});
connection?.close();
process.exit();
