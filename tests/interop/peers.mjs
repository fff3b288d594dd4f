// The peers, and which calls each of them can make with petrel.

import path from "node:path";

import { npm_packages, pion, pion_program, python, python_packages, str0m, str0m_program } from "./install.mjs";

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const node = (script, ...options) => [process.execPath, path.join(here, "peers", script), ...options];
const browser = (make, options = {}) => node("browser.mjs", make, JSON.stringify(options));

const roles = ["offer", "answer"];
const ways = ["trickle", "full"];

const client = { "petrel.dtls.role": "client" };
const server = { "petrel.dtls.role": "server" };

// A peer that trickles, or waits for its candidates, as it is told, and has all codecs.
const every_call = (codecs) =>
  roles.flatMap((role) => ways.flatMap((way) => codecs.map((codec) => ({ role, way, codec }))));

// What is said of a=setup in an offer, and what that makes of petrel. The answerers here choose "active".
const setups = (codec) => [
  { role: "answer", way: "trickle", codec, setup: "active", expect: server },
  { role: "answer", way: "trickle", codec, setup: "passive", expect: client },
];

// Data channels of every kind: alone, and beside media on the same transport. What the peer cannot do with them
// is its `cannot`, by the steps of call/channel_script.cpp.
const channel_calls = (codec) =>
  roles.flatMap((role) => [
    ...ways.map((way) => ({ role, way, data: true })),
    ...(codec ? [{ role, way: "trickle", codec, data: true }] : []),
  ]);

// Names in place of addresses. The side that has to find the name tells none of its own, so that nothing
// but the name can connect them.
const by_name = (settings) =>
  roles.flatMap((role) => ways.map((way) => ({ role, way, codec: "VP8", ...settings })));
const by_name_of_peer = (more) =>
  by_name({ peer: { drawn_media: true }, hidden: "peer", withheld: "petrel", note: "by the peer's name", ...more });
const by_name_of_petrel =
  by_name({ petrel: { hide_addresses: true }, hidden: "petrel", withheld: "peer", note: "by petrel's name" });

// The answerer chooses to be the server.
const passive_answer = (codec) => ({
  role: "offer", way: "trickle", codec, peer: { dtls_role: "server" }, expect: client, note: "answered passive",
});

export const peers = [
  {
    name: "Chromium",
    install: async () => {},
    command: () => browser("chromium"),
    calls: [
      ...every_call(["VP8", "H264"]),
      ...setups("VP8"),
      passive_answer("VP8"),
      ...channel_calls("VP8"),
      ...by_name_of_peer({ command: browser("chromium", { devices: false }) }),
      ...by_name_of_petrel,
    ],
  },
  {
    name: "aiortc",
    install: python_packages,
    command: () => [python, path.join(here, "peers", "aiortc_call.py")],
    cannot: { "theirs, größter ☂": { why: "lengths of labels in characters" } },
    calls: [...every_call(["VP8", "H264"]), ...setups("VP8"), ...channel_calls("VP8")],
  },
  {
    name: "aiortc of Debian",
    install: async () => {},
    command: () => ["/usr/bin/python3", path.join(here, "peers", "aiortc_call.py")],
    cannot: { "theirs, größter ☂": { why: "lengths of labels in characters" } },
    calls: [...every_call(["VP8", "H264"]), ...channel_calls("VP8")],
  },
  {
    name: "Pion",
    install: pion_program,
    command: () => [pion],
    calls: [
      ...every_call(["VP8", "H264"]), ...setups("VP8"), passive_answer("VP8"), ...channel_calls("VP8"),
      ...roles.map((role) => ({
        role, way: "trickle", data: true, peer: { zero_checksum: true }, note: "without checksums",
        expect: { "petrel.sctp.zero_checksum": "both ways" },
      })),
    ],
  },
  {
    name: "libdatachannel",
    install: npm_packages,
    command: () => node("node_datachannel.mjs"),
    cannot: {
      "order first messages": { why: "it hands out those that come before onMessage by two threads" },
      "tell parameters": {
        why: "node-datachannel has no call for what the peer's channels are",
        names: ["ordered", "negotiated", "max_retransmits", "max_packet_life_time"],
      },
    },
    calls: [...every_call(["VP8", "H264"]), ...setups("VP8"), ...channel_calls("VP8")],
  },
  {
    name: "libwebrtc",
    install: npm_packages,
    command: () => node("wrtc.mjs"),
    cannot: { "order first messages": { why: "wrtc mixes up those that come before the channel's event" } },
    calls: [...every_call(["VP8"]), ...setups("VP8"), passive_answer("VP8"), ...channel_calls("VP8")],
  },
  {
    name: "werift",
    install: npm_packages,
    command: () => node("werift.mjs"),
    cannot: {
      "send empty messages": { why: "it counts them, and sends nothing" },
      "theirs, größter ☂": { why: "lengths of labels in UTF-16 units" },
      "theirs, unordered, retransmitted": { why: "offered as ordered" },
      "theirs, unordered, for a while": { why: "offered as ordered" },
    },
    calls: [...every_call(["VP8", "H264"]), ...setups("VP8"), ...channel_calls("VP8")],
  },
  {
    name: "str0m",
    install: str0m_program,
    command: () => [str0m],
    cannot: { "send empty messages": { why: "sctp-proto counts them, and sends nothing" } },
    calls: [...every_call(["VP8", "H264"]), ...setups("VP8"), ...channel_calls("VP8")],
  },
  {
    name: "GStreamer",
    install: async () => {},
    command: () => ["/usr/bin/python3", path.join(here, "peers", "gstreamer_call.py")],
    cannot: { "send empty messages": { why: "its pipeline ends with 'Failed to send data'" } },
    calls: [...every_call(["VP8", "H264"]), ...setups("VP8"), ...channel_calls("VP8")],
  },
  {
    name: "Firefox",
    install: async () => {},
    command: () => browser("firefox"),
    calls: [
      ...every_call(["VP8"]),
      ...setups("VP8"),
      passive_answer("VP8"),
      ...channel_calls("VP8"),
      ...by_name_of_peer(),
      ...by_name_of_petrel,
    ],
  },
  {
    name: "Firefox, DTLS 1.2",
    install: async () => {},
    command: () => browser("firefox", { preferences: { "media.peerconnection.dtls.version.max": 771 } }),
    calls: [...every_call(["VP8"]), ...channel_calls("VP8")],
  },
];
