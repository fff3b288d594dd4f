// petrel against every peer: {petrel offers, petrel answers} × {trickle, full} × codecs, the DTLS roles, and data
// channels of every kind, alone and beside media.
// Each call is made on a network of its own, two at a time; prints one table.
//
//   matrix.mjs [--without PEER]… [--only PEER]… [--matching TEXT] [--transcripts FOLDER]
//
// A peer that cannot be installed has failed, unless it is left out. --matching makes only the calls with
// this in their name; --transcripts writes all that was said in each call into a folder.

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";

import { codecs } from "./media.mjs";
import { peers } from "./peers.mjs";
import { table } from "./table.mjs";

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const at_a_time = 2;
const enough = 30; // Of each kind of media, each way.
const trial_deadline_ms = 180_000;
const most_failures = 12; // Of one call that are printed. One cause may have hundreds.

const { values } = parseArgs({
  options: {
    without: { type: "string", multiple: true, default: [] },
    only: { type: "string", multiple: true, default: [] },
    matching: { type: "string", default: "" },
    transcripts: { type: "string" },
  },
});
for (const name of [...values.without, ...values.only]) {
  if (!peers.some((peer) => peer.name === name)) {
    console.error(`No peer is called '${name}'; there are ${peers.map((peer) => peer.name).join(", ")}`);
    process.exit(2);
  }
}
const chosen = peers.filter(
  ({ name }) => !values.without.includes(name) && (values.only.length === 0 || values.only.includes(name)));

const name_of = ({ role, way, codec, setup, data, note }) =>
  [`petrel ${role}s`, way, codec, data && "channels", setup && `told ${setup}`, note].filter(Boolean).join(", ");

function run(trial) {
  const arguments_ = [process.execPath, path.join(here, "trial.mjs"), JSON.stringify(trial)];
  return new Promise((resolve) => {
    execFile(path.join(here, "../browser/in_namespace"), arguments_,
      { timeout: trial_deadline_ms, maxBuffer: 64 << 20, killSignal: "SIGKILL" },
      (error, stdout, stderr) => {
        try {
          resolve(JSON.parse(stdout.trim().split("\n").at(-1)));
        } catch {
          resolve({ ok: false, failures: [`the trial ended without a result: ${error ?? ""}\n${stderr}`] });
        }
      });
  });
}

async function make_call(peer, call) {
  const { role, way, codec, ...rest } = call;
  return run({
    command: peer.command(),
    cannot: peer.cannot,
    start: { role, trickle: way === "trickle", media: codec ? [codecs.opus, codecs[codec]] : [], enough },
    ...rest,
  });
}

const counts = (numbers) => (numbers ? `${numbers.audio ?? 0}+${numbers.video ?? 0}` : "");
const ms = (number) => (typeof number === "number" ? number.toFixed(0) : "");

// What a peer is known to be unable to do is not tried, and no pass.
const limits = ({ cannot = {} }, { data }) => (data ? Object.entries(cannot) : []);

// A call that failed before it had a result has no figures.
function row(peer, call, { ok, petrel, peer: theirs, version, failures }) {
  const pair = petrel?.pair;
  const known = limits(peer, call).map(([step, { why }]) => `cannot ${step}: ${why}`);
  const stream = petrel?.data?.ms?.stream;
  return {
    peer: peer.name,
    version: version ?? "",
    call: name_of(call),
    result: !ok ? "FAILED" : known.length > 0 ? "limited" : "ok",
    frames: counts(petrel?.received),
    "peer's packets": counts(theirs?.received),
    pair: pair ? `${pair.local}-${pair.remote}` : "",
    DTLS: petrel?.dtls ? `${petrel.dtls.role} ${petrel.dtls.cipher}` : "",
    "ICE ms": ms(petrel?.ms.ice),
    "DTLS ms": ms(petrel?.ms.dtls),
    "10 MB s": stream === undefined ? "" : (stream / 1000).toFixed(2),
    notes: ok ? [theirs?.srtp, ...known].filter(Boolean).join("; ") : failures[0].split("\n")[0],
  };
}

const rows = [];
const complaints = [];
const waiting = [];
for (const peer of chosen) {
  try {
    await peer.install();
    const calls = peer.calls.filter((call) => name_of(call).includes(values.matching));
    waiting.push(...calls.map((call) => ({ peer, call, place: rows.push(null) - 1 })));
  } catch (error) {
    const notes = `cannot be installed: ${error.message.split("\n")[0]}`;
    rows.push({ peer: peer.name, call: "(all)", result: "FAILED", notes });
    complaints.push(`${peer.name}: ${error.stack}\n${error.stderr ?? ""}`);
  }
}

async function work() {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { peer, call, place } = next;
    const outcome = await make_call(peer, call);
    rows[place] = row(peer, call, outcome);
    if (!outcome.ok) {
      const { failures, petrel, complaints: printed } = outcome;
      const more = failures.length - most_failures;
      const said = [...failures.slice(0, most_failures), ...(more > 0 ? [`… and ${more} more`] : [])];
      complaints.push([`${peer.name}, ${name_of(call)}:`, ...said, petrel?.report, printed].join("\n"));
    }
    if (values.transcripts) {
      await mkdir(values.transcripts, { recursive: true });
      const file = `${peer.name} ${name_of(call)}.json`.replace(/[^\w.]+/g, "-");
      await writeFile(path.join(values.transcripts, file), JSON.stringify(outcome, null, 1));
    }
  }
}
await Promise.all(Array.from({ length: at_a_time }, work));

table(rows);
const failed = rows.filter(({ result }) => result === "FAILED").length;
const limited = rows.filter(({ result }) => result === "limited").length;
if (complaints.length > 0) console.error(`\n${complaints.join("\n\n")}`);
const passed = rows.length - failed - limited;
console.log(`\n${passed} passed, ${limited} limited by the peer, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
