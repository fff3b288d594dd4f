// The data channels of a call: which there are, and whether both sides have seen the same of them.

// Of every kind, in the words of the start line; `whose` side makes them.
const kinds = (whose) => [
  { label: whose === "ours" ? "ours, plain" : "theirs" },
  { label: `${whose}, größter ☂` },
  { label: `${whose}, unordered`, ordered: false },
  { label: `${whose}, retransmitted`, max_retransmits: 7 },
  { label: `${whose}, for a while`, max_packet_life_time: 9000 },
  { label: `${whose}, unordered, retransmitted`, ordered: false, max_retransmits: 0 },
  { label: `${whose}, unordered, for a while`, ordered: false, max_packet_life_time: 4000 },
  { label: `${whose}, of a protocol`, protocol: "petrel.v1" },
];
const to_close = [{ label: "theirs, closed by petrel" }, { label: "theirs, closed by the peer" }];
// Made by both. The second is on a stream that is not there from the first.
const negotiated = [
  { label: "negotiated", negotiated: true, id: 150 },
  { label: "negotiated, high", negotiated: true, id: 500, ordered: false, max_retransmits: 3 },
];
const many = Array.from({ length: 100 }, (_, i) => ({ label: `theirs of many ${i}` }));

// What each side is told. Of a peer that cannot use a channel of ours, or make one, `cannot` has its label.
export function data_of_call(cannot = {}) {
  const can = ({ label }) => !(label in cannot);
  const made = [...kinds("theirs"), ...to_close, ...negotiated].filter(can);
  return {
    petrel: { data: { ours: kinds("ours").filter(can), theirs: made, many: many.length, cannot } },
    peer: { data: { channels: [...made, ...many] } },
  };
}

const plain = { ordered: true, protocol: "", negotiated: false, max_retransmits: null, max_packet_life_time: null };
const parameters = Object.keys(plain);

function differences(what, seen, wanted, names) {
  return names
    .map((name) => [name, seen[name] ?? (seen[name] === undefined ? plain[name] : null), wanted[name] ?? plain[name]])
    .filter(([, is, should_be]) => is !== should_be)
    .map(([name, is, should_be]) => `${what}: ${name} is ${is} instead of ${should_be}`);
}

// What petrel and the peer do not agree on. What the peer's API does not tell of channels is a limit too:
// `cannot["tell parameters"].names`.
export function disagreements({ petrel, peer, data, cannot = {} }) {
  if (!petrel?.data) return ["petrel has no result of its channels"];
  if (!peer?.channels) return ["the peer has no result of its channels"];
  const found = petrel.data.problems.map((problem) => `petrel: ${problem}`);
  if (petrel.data.step !== "end") found.push(`petrel: '${petrel.data.step}' has not ended`);
  const told = parameters.filter((name) => !(cannot["tell parameters"]?.names ?? []).includes(name));

  const specs = new Map(data.peer.data.channels.map((spec) => [spec.label, spec]));
  for (const ours of petrel.data.channels) {
    const spec = specs.get(ours.label);
    if (spec) found.push(...differences(`petrel's '${ours.label}'`, ours, spec, parameters));
    const what = `the peer's '${ours.label}'`;
    const theirs = peer.channels.filter(({ label }) => label === ours.label);
    if (theirs.length !== 1) {
      found.push(`${what}: there are ${theirs.length}`);
      continue;
    }
    const [{ received, closed, ...seen }] = theirs;
    found.push(...differences(what, seen, ours, told));
    if (ours.id !== undefined && seen.id !== ours.id) found.push(`${what}: id is ${seen.id} instead of ${ours.id}`);
    const compared = ours.ordered ? ["messages", "bytes", "sha256"] : ["messages", "bytes"];
    for (const name of compared) {
      if (received[name] !== ours.sent[name]) {
        found.push(`${what}: ${name} received: ${received[name]}, sent: ${ours.sent[name]}`);
      }
    }
    if (petrel.data.closed.includes(ours.label) && !closed) found.push(`${what} is not closed`);
  }
  for (const { label } of peer.channels) {
    if (!petrel.data.channels.some((ours) => ours.label === label)) found.push(`petrel has not seen '${label}'`);
  }
  return found;
}
