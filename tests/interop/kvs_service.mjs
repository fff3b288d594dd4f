// petrel-kvs-service with AWS's own JavaScript SDK at both ends of it: the stand-in takes the SDK's signatures,
// carries its messages both ways, and tells it of a wrong one.
//
//   node tests/interop/kvs_service.mjs      builds nothing: needs petrel-kvs-service

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import path from "node:path";
import { createInterface } from "node:readline";
import { npm_packages, npm_version, require_package } from "./install.mjs";

await npm_packages();
globalThis.WebSocket = require_package("ws").WebSocket;
const { Role, SignalingClient, SigV4RequestSigner } = require_package("amazon-kinesis-video-streams-webrtc");
const { SignatureV4 } = require_package("@smithy/signature-v4");

const deadline_ms = 20_000;
const region = "us-west-2";
const credentials = { accessKeyId: "AKIDTEST", secretAccessKey: "secret" };
const program = path.resolve(process.env.PETREL_BIN ?? "build/release/bin", "petrel-kvs-service");

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

const service = spawn(program, ["--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
const lines = createInterface({ input: service.stdout })[Symbol.asyncIterator]();
const origin = /AWS_ENDPOINT_URL=(\S+)/.exec((await lines.next()).value)[1];
service.stdout.resume();
const host = new URL(origin).host;

// As the AWS SDK sends a REST call.
async function call(name, body) {
  const signer = new SignatureV4({ credentials, region, service: "kinesisvideo", sha256: Sha256, applyChecksum: false });
  const request = { method: "POST", protocol: "http:", hostname: host, path: name, query: {}, body: JSON.stringify(body),
    headers: { "content-type": "application/json", host } };
  const { headers } = await signer.sign(request);
  const response = await fetch(origin + name, { method: "POST", headers, body: request.body });
  return { status: response.status, type: response.headers.get("x-amzn-errortype"), ...(await response.json()) };
}

function client(role, channelARN, channelEndpoint, clientId) {
  const signer = new SigV4RequestSigner(region, credentials);
  const requestSigner = {
    getSignedURL: async (endpoint, query, date) =>
      (await signer.getSignedURL(endpoint.replace(/^ws:/, "wss:"), query, date)).replace(/^wss:/, "ws:"),
  };
  return new SignalingClient({ channelARN, channelEndpoint, role, region, requestSigner, ...(clientId && { clientId }) });
}
const next = (emitter, name) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} within ${deadline_ms} ms`)), deadline_ms);
    emitter.once(name, (...values) => {
      clearTimeout(timer);
      resolve(values);
    });
  });
const endpoint_of = async (arn, role) => {
  const wanted = { Protocols: ["WSS", "HTTPS"], Role: role };
  const { ResourceEndpointList } = await call("/getSignalingChannelEndpoint", { ChannelARN: arn, SingleMasterChannelEndpointConfiguration: wanted });
  return ResourceEndpointList.find(({ Protocol }) => Protocol === "WSS").ResourceEndpoint;
};

try {
  assert.equal((await call("/describeSignalingChannel", { ChannelName: "js" })).type, "ResourceNotFoundException");
  const { ChannelARN } = await call("/createSignalingChannel", { ChannelName: "js" });
  assert.equal((await call("/describeSignalingChannel", { ChannelName: "js" })).ChannelInfo.ChannelARN, ChannelARN);
  const { IceServerList } = await call("/v1/get-ice-server-config", { ChannelARN });
  assert.equal(IceServerList.length, 1);

  const master = client(Role.MASTER, ChannelARN, await endpoint_of(ChannelARN, "MASTER"));
  const viewer = client(Role.VIEWER, ChannelARN, await endpoint_of(ChannelARN, "VIEWER"), "viewer-1");
  for (const each of [master, viewer]) {
    const opened = next(each, "open");
    each.open();
    await opened;
  }
  const offered = next(master, "sdpOffer");
  viewer.sendSdpOffer({ type: "offer", sdp: "v=0\r\n" });
  const [offer, sender] = await offered;
  assert.deepEqual([offer.sdp, sender], ["v=0\r\n", "viewer-1"]);
  const answered = next(viewer, "sdpAnswer");
  master.sendSdpAnswer({ type: "answer", sdp: "v=1\r\n" }, sender);
  assert.equal((await answered)[0].sdp, "v=1\r\n");
  const candidate = { candidate: "candidate:1", sdpMid: "0", sdpMLineIndex: 0 };
  for (const [from, to, recipient] of [[viewer, master, undefined], [master, viewer, sender]]) {
    const came = next(to, "iceCandidate");
    from.sendIceCandidate(candidate, recipient);
    assert.equal((await came)[0].candidate, "candidate:1");
  }
  const refused = next(master, "statusResponse");
  master.sendSdpAnswer({ type: "answer", sdp: "v=1\r\n" }, "nobody", "id-1");
  assert.equal((await refused)[0].correlationId, "id-1");
  master.close();
  viewer.close();
  console.log(`calls, both roles, every message and a refusal with amazon-kinesis-video-streams-webrtc ${await npm_version("amazon-kinesis-video-streams-webrtc")}: as they should be`);
} finally {
  service.kill();
}
process.exit();
