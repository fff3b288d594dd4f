// werift as a peer.

import { npm_version, require_package } from "../install.mjs";
import { define_channels } from "./channels.mjs";
import { converse, Counter, tell } from "./lines.mjs";
import { FrameClock } from "./rtp.mjs";

const werift = require_package("werift");

const feedback = [{ type: "nack" }, { type: "nack", parameter: "pli" }];
const parameters = {
  VP8: () => new werift.RTCRtpCodecParameters({ mimeType: "video/VP8", clockRate: 90000, rtcpFeedback: feedback }),
  H264: () => new werift.RTCRtpCodecParameters({
    mimeType: "video/H264",
    clockRate: 90000,
    rtcpFeedback: feedback,
    parameters: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
  }),
  opus: () => new werift.RTCRtpCodecParameters({ mimeType: "audio/opus", clockRate: 48000, channels: 2 }),
};

define_channels();
const channels = globalThis.petrelChannels(tell);
let settings, connection, counter;
let described = false;
const early_candidates = [];
const tracks = new Map();
const clocks = new Map();

// It has the W3C's handlers, but for one.
function use_channel(channel) {
  channel.bufferedAmountLow.subscribe(channels.use(channel));
}

const use_tracks = () => {
  for (const medium of settings.media) {
    tracks.set(medium.kind, new werift.MediaStreamTrack({ kind: medium.kind }));
    connection.addTrack(tracks.get(medium.kind));
  }
};

function send() {
  for (const medium of settings.media) {
    if (clocks.has(medium.kind)) continue;
    const track = tracks.get(medium.kind);
    clocks.set(medium.kind, new FrameClock(medium, (payload, { sequence_number, timestamp, marker }) => {
      // The sender puts its own SSRC and payload type in.
      const numbers = { sequenceNumber: sequence_number, payloadType: 96, ssrc: 1 };
      const header = new werift.RtpHeader({ ...numbers, timestamp, marker });
      track.writeRtp(new werift.RtpPacket(header, payload));
    }));
  }
}

async function describe(description) {
  await connection.setLocalDescription(description);
  if (!settings.trickle && connection.iceGatheringState !== "complete") {
    await connection.iceGatheringStateChange.watch((state) => state === "complete");
  }
  const { type, sdp } = settings.trickle ? description : connection.localDescription;
  tell({ description: { type, sdp } });
  described = true;
  early_candidates.splice(0).forEach(tell);
}

async function start(told) {
  settings = told;
  counter = new Counter(told.media, told.enough);
  const codecs = { audio: [], video: [] };
  for (const { kind, codec } of told.media) codecs[kind].push(parameters[codec]());
  connection = new werift.RTCPeerConnection({ iceServers: [], codecs, bundlePolicy: "max-bundle", ...told.werift });
  connection.connectionStateChange.subscribe((state) => {
    tell({ state });
    if (state === "connected") send();
  });
  connection.onTrack.subscribe((track) => track.onReceiveRtp.subscribe(() => counter.add(track.kind)));
  connection.onIceCandidate.subscribe((candidate) => {
    if (!settings.trickle) return;
    const line = { candidate: { candidate: candidate?.candidate ?? "", mid: candidate?.sdpMid ?? "" } };
    // Some are found before it has a description.
    if (described) tell(line);
    else early_candidates.push(line);
  });
  connection.onDataChannel.subscribe(use_channel);
  for (const spec of told.data?.channels ?? []) {
    use_channel(connection.createDataChannel(spec.label, channels.options(spec)));
  }
  if (told.role !== "offer") return;
  use_tracks();
  await describe(await connection.createOffer());
}

async function report() {
  const transport = connection?.dtlsTransports[0];
  tell({
    result: {
      connected: connection?.connectionState === "connected",
      received: counter?.received,
      sent: Object.fromEntries([...clocks].map(([kind, { sent }]) => [kind, sent])),
      dtls: transport && { role: transport.role },
      channels: await channels.result(),
    },
  });
}

await converse("werift", await npm_version("werift"), async (line) => {
  if (line.start) {
    await start(line.start);
  } else if (line.description) {
    if (line.description.type === "offer") {
      await connection.setRemoteDescription(line.description);
      use_tracks();
      await describe(await connection.createAnswer());
    } else {
      await connection.setRemoteDescription(line.description);
    }
  } else if (line.candidate) {
    const { candidate, mid } = line.candidate;
    if (candidate !== "") await connection.addIceCandidate({ candidate, sdpMid: mid });
  } else if (line.report) {
    await report();
  }
});
await connection?.close();
process.exit();
