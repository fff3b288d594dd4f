// The peers, and which calls each of them can make with petrel.

import path from "node:path";

import { npm_packages, pion, pion_program, python, python_packages } from "./install.mjs";

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

export const peers = [
  {
    name: "Chromium",
    install: async () => {},
    command: () => browser("chromium"),
    calls: [
      ...every_call(["VP8", "H264"]),
      ...setups("VP8"),
      { role: "offer", way: "trickle", codec: "VP8", peer: { dtls_role: "server" }, expect: client },
    ],
  },
];
