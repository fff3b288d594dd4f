// One call between petrel and a peer, in the namespace that this runs in: trial.mjs TRIAL, which is JSON with
//
//   command      the peer's program and its arguments
//   start        what both are told, docs/interop.md; `role` is petrel's
//   petrel,peer  what one of them is told beyond that
//   setup        what the a=setup of the offer is made to say on its way; the other side must follow
//   hidden       who tells no address, but names that multicast DNS has to find: "petrel" or "peer"
//   withheld     whose candidates the other one never gets, so that only its own checks can make the connection
//   cannot       steps with data channels that the peer is known to be unable to take, and why (channels.mjs)
//   expect       values that petrel's result has to have, by path: { "dtls.role": "server" }
//
// Prints { ok, failures, petrel, peer, version, transcript } as one line of JSON.

import path from "node:path";
import { setTimeout } from "node:timers/promises";

import { data_of_call, disagreements } from "./channels.mjs";
import { LinePeer } from "./line_peer.mjs";

const bin = process.env.PETREL_BIN ?? "build/release/bin";
const call_deadline_ms = 30_000;
const channels_deadline_ms = 120_000; // Megabytes, by peers in JavaScript and Python.

const other = { offer: "answer", answer: "offer" };
const at = (value, where) => where.split(".").reduce((part, name) => part?.[name], value);

const host_addresses = (line) =>
  [...JSON.stringify(line).matchAll(/candidate:\S+ \d+ \w+ \d+ (\S+) \d+ typ host/g)].map(([, address]) => address);

function on_its_way({ type, sdp }, from, { setup, withheld }) {
  if (setup && type === "offer") sdp = sdp.replaceAll("a=setup:actpass", `a=setup:${setup}`);
  if (withheld === from) sdp = sdp.replaceAll(/^a=(candidate:.*|end-of-candidates)\r\n/gm, "");
  return { type, sdp };
}

// Carries the lines of one to the other until both have enough, one gives up, or time is up.
async function converse(trial) {
  const transcript = [];
  const failures = [];
  const enough = new Set();
  const not_closed = new Set(); // What petrel has seen close, and the peer has not.
  const closed = new Set();
  const data = trial.data && data_of_call(trial.cannot);
  const ends = {};
  let over = false;
  let decide;
  const decided = new Promise((resolve) => (decide = resolve));

  const told = (from, to) => (line) => {
    transcript.push([from, line]);
    if (over) return; // Whoever is left by the other may complain about it.
    if (line.description || line.candidate) {
      const told_address = trial.hidden === from && host_addresses(line).find((address) => !address.endsWith(".local"));
      if (told_address) failures.push(`${from} hides its addresses, and tells ${told_address}`);
      if (line.description) ends[to].tell({ description: on_its_way(line.description, from, trial) });
      else if (trial.withheld !== from) ends[to].tell(line);
    } else if (line.enough || line.closed) {
      if (line.closed) closed.add(line.closed);
      else enough.add(from);
      for (const label of line.enough?.closed ?? []) not_closed.add(label);
      for (const label of closed) not_closed.delete(label);
      if (enough.size === 2 && not_closed.size === 0) decide();
    } else if (line.failed) {
      failures.push(`${from}: ${line.failed}`);
      decide();
    } else if (line.state === "failed") {
      decide();
    }
  };

  ends.peer = await LinePeer.start(trial.command, told("peer", "petrel"), trial.environment);
  ends.petrel = await LinePeer.start([path.join(bin, "interop_call")], told("petrel", "peer"));
  for (const [name, end] of Object.entries(ends)) {
    end.ended.then((code) => {
      if (over) return;
      failures.push(`${name} ended with ${code}: ${end.complaints.trim().split("\n").slice(-12).join("\n")}`);
      decide();
    });
  }

  const { role, ...start } = trial.start;
  const starts = {
    petrel: { ...start, ...data?.petrel, ...trial.petrel, role },
    peer: { ...start, ...data?.peer, ...trial.peer, role: other[role] },
  };
  if (start.media.length === 0) enough.add("peer"); // It counts media.
  // Whoever answers is ready before the offer comes.
  const in_turn = role === "offer" ? ["peer", "petrel"] : ["petrel", "peer"];
  for (const name of in_turn) ends[name].tell({ start: starts[name] });

  await Promise.race([decided, setTimeout(data ? channels_deadline_ms : call_deadline_ms, undefined, { ref: false })]);
  for (const name of ["petrel", "peer"]) {
    if (!enough.has(name)) failures.push(`${name} did not get ${start.enough} of everything`);
  }
  for (const label of not_closed) failures.push(`the peer did not hear that '${label}' has closed`);
  // Whoever ends first ends the call, so both are asked before.
  const [petrel, peer] = await Promise.all([ends.petrel.result(), ends.peer.result()]);
  over = true;
  const codes = await Promise.all([ends.petrel.stop(), ends.peer.stop()]);
  if (codes[0] !== 0) failures.push(`petrel ended with ${codes[0]}`);
  const complaints = `${ends.petrel.complaints}${ends.peer.complaints}`;
  if (data) failures.push(...disagreements({ petrel, peer, data, cannot: trial.cannot }));
  return { petrel, peer, version: ends.peer.hello.version, failures, transcript, complaints };
}

const trial = JSON.parse(process.argv[2]);
let outcome;
try {
  outcome = await converse(trial);
  const { petrel, peer, failures } = outcome;
  if (!petrel?.connected) failures.push(`petrel is not connected: ${petrel?.why}`);
  if (!peer?.connected) failures.push("the peer is not connected");
  for (const [where, wanted] of Object.entries(trial.expect ?? {})) {
    const seen = at(outcome, where);
    if (seen !== wanted) failures.push(`${where} is ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`);
  }
} catch (error) {
  outcome = { failures: [error.stack] };
}
process.stdout.write(`${JSON.stringify({ ok: outcome.failures.length === 0, ...outcome })}\n`, () => process.exit());
