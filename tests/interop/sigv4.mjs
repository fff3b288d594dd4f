// petrel's SigV4 beside others': the signer of AWS's JavaScript SDK for Kinesis Video Streams (the WebSocket's URL),
// and @smithy/signature-v4 and aws4 (headers). Inputs are random, made by this script and by petrel, half each.
//
//   node tests/interop/sigv4.mjs [INPUTS] [SEED]      builds nothing: needs petrel-sigv4-lines

import { spawn } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import path from "node:path";
import { createInterface } from "node:readline";
import { npm_packages, npm_version, require_package } from "./install.mjs";

const inputs = Number(process.argv[2] ?? 1000);
const seed = Number(process.argv[3] ?? 1);
const program = path.resolve(process.env.PETREL_BIN ?? "build/release/bin", "petrel-sigv4-lines");

await npm_packages();
const { SigV4RequestSigner } = require_package("amazon-kinesis-video-streams-webrtc");
const { SignatureV4 } = require_package("@smithy/signature-v4");
const aws4 = require_package("aws4");

// Small and the same everywhere: mulberry32.
let state = seed >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const between = (low, high) => low + Math.floor(random() * (high - low + 1));
const text = (alphabet, least, most) =>
  Array.from({ length: between(least, most) }, () => alphabet[between(0, alphabet.length - 1)]).join("");

const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
const base64 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=";

function random_input() {
  const input = {
    accessKeyId: text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, 20),
    secretAccessKey: text(base64, 1, 60),
    sessionToken: random() < 0.5 ? "" : text(base64, 1, 1500),
    region: text(letters + "-", 1, 20),
    service: random() < 0.9 ? "kinesisvideo" : text(letters, 1, 12),
    time: between(0, 4_000_000_000),
    path: random() < 0.5 ? "/" : `/${text(letters, 1, 12)}/${text(letters + "-_", 1, 12)}`,
    host: `${text(letters, 1, 30)}.example`,
  };
  if (random() < 0.5) {
    const query = {};
    for (let left = between(0, 4); left > 0; --left) {
      query[`X-Amz-${text(letters + "-_.~", 1, 12)}`] = text(letters + ":/?#[]@$&+,;=% \"<>äß漢", 0, 80);
    }
    return { ...input, kind: "presign", query };
  }
  const headers = { "Content-Type": "application/json" };
  for (let left = between(0, 3); left > 0; --left) headers[`X-Amz-${text(letters, 1, 12)}`] = text("abc XYZ,;=", 1, 30);
  return { ...input, kind: "sign", headers, body: text(letters + '{}":,ä漢', 0, 500) };
}

class Sha256 {
  constructor(key) {
    this.hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }
  update(data) {
    this.hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.hash.digest());
  }
}

const credentials_of = (input) => ({
  accessKeyId: input.accessKeyId,
  secretAccessKey: input.secretAccessKey,
  ...(input.sessionToken && { sessionToken: input.sessionToken }),
});

// What the others make of an input: [name, signature] each.
async function others(input) {
  const date = new Date(input.time * 1000);
  const credentials = credentials_of(input);
  if (input.kind === "presign") {
    const signer = new SigV4RequestSigner(input.region, credentials, input.service);
    return [["the JavaScript SDK", await signer.getSignedURL(`wss://${input.host}${input.path}`, input.query, date)]];
  }
  const smithy = new SignatureV4({ credentials, region: input.region, service: input.service, sha256: Sha256, applyChecksum: false });
  const headers = { ...input.headers, host: input.host };
  const by_smithy = await smithy.sign(
    { method: "POST", protocol: "https:", hostname: input.host, path: input.path, query: {}, headers, body: input.body },
    { signingDate: date },
  );
  const amz_date = date.toISOString().replace(/[:-]|\.\d{3}/g, "");
  const request = { ...input, method: "POST", headers: { ...input.headers, "X-Amz-Date": amz_date }, extraHeadersToIgnore: { "content-length": true } };
  const by_aws4 = aws4.sign(request, credentials);
  return [
    ["@smithy/signature-v4", by_smithy.headers.authorization],
    ["aws4", by_aws4.headers.Authorization],
  ];
}

// The SDK puts X-Amz-Signature into its place in the alphabet, petrel behind all: the order of a query does not
// matter to the service.
const in_order = (signed) => signed.split(/[?&]/).sort().join("&");

const petrel = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: petrel.stdout })[Symbol.asyncIterator]();
const ours = Math.ceil(inputs / 2);
petrel.stdin.write(`${JSON.stringify({ random: ours, seed })}\n`);
for (let i = ours; i < inputs; ++i) petrel.stdin.write(`${JSON.stringify(random_input())}\n`);
petrel.stdin.end();

const compared = {};
let differences = 0;
let seen = 0;
for (; seen < inputs; ++seen) {
  const { value, done } = await lines.next();
  if (done) break;
  const { input, url, authorization } = JSON.parse(value);
  for (const [name, signed] of await others(input)) {
    const row = `${name}, inputs ${seen < ours ? "of petrel" : "of this script"}`;
    compared[row] = (compared[row] ?? 0) + 1;
    if (in_order(signed) === in_order(url ?? authorization)) continue;
    if (++differences <= 3) console.log(`${name} differs for ${JSON.stringify(input)}:\n  ${signed}\n  ${url ?? authorization}`);
  }
}
for (const [row, count] of Object.entries(compared).sort()) console.log(`${String(count).padStart(5)} beside ${row}`);
for (const name of ["amazon-kinesis-video-streams-webrtc", "@smithy/signature-v4", "aws4"]) console.log(`${name} ${await npm_version(name)}`);
console.log(`${seen} inputs with seed ${seed}, ${differences} differences`);
process.exitCode = seen === inputs && differences === 0 ? 0 : 1;
