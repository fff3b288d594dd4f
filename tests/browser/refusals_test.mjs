// What petrel-camera must not do: show a private camera to any page that can reach its
// port, or start on a mistake. Asked without a browser, which would not let us lie.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, before, test } from "node:test";
import { text } from "node:stream/consumers";

import { figure } from "./browser.mjs";
import { Program } from "./program.mjs";

const own = "127.0.0.1:8080";
const token = "a-token-of-the-tests";
let camera, guarded;

before(async () => {
  camera = await Program.start("petrel-camera", "--listen", own);
  guarded = await Program.start("petrel-camera", "--listen", "10.99.0.1:8081", "--token", token);
});

after(async () => {
  await camera?.stop();
  await guarded?.stop();
});

// The answer to one request whose headers are just these.
async function ask(method, url, headers = {}, body = undefined) {
  const request = http.request(url, { method, headers, agent: false });
  request.end(body);
  const [response] = await once(request, "response");
  return { status: response.statusCode, body: await text(response) };
}

async function status(...request) {
  return (await ask(...request)).status;
}

const offer = { "Content-Type": "application/sdp" };

test("its own page is served", async () => {
  assert.equal(await status("GET", `http://${own}/`), 200);
});

test("a page of another origin may not take the picture", async () => {
  assert.equal(await status("POST", `http://${own}/whep`, { ...offer, Origin: "http://elsewhere.example" }, "v=0\r\n"), 403);
  assert.equal(await status("POST", `http://${own}/whep`, { ...offer, Origin: "null" }, "v=0\r\n"), 403);
});

// A name that an attacker's DNS lets point at the loopback address.
test("a request for another host is refused", async () => {
  assert.equal(await status("GET", `http://${own}/`, { Host: "elsewhere.example" }), 403);
  assert.equal(await status("POST", `http://${own}/whep`, { ...offer, Host: "elsewhere.example:8080" }, "v=0\r\n"), 403);
});

test("without the token nobody watches, and a wrong one is no better", async () => {
  const whep = "http://10.99.0.1:8081/whep";
  assert.equal(await status("POST", whep, offer, "v=0\r\n"), 401);
  assert.equal(await status("POST", whep, { ...offer, Authorization: "Bearer wrong" }, "v=0\r\n"), 401);
  const with_token = await status("POST", whep, { ...offer, Authorization: `Bearer ${token}` }, "v=0\r\n");
  assert.ok(with_token !== 401 && with_token !== 403, "the right token goes on to the offer");
});

test("nonsense as an offer is answered as the client's mistake", async () => {
  const answer = await status("POST", `http://${own}/whep`, offer, "this is no SDP");
  assert.ok(answer >= 400 && answer < 500);
});

// What a player offers that knows one codec only: `rtpmap`, with its a=fmtp line if it has one.
function offer_of(rtpmap, ...fmtp) {
  return [
    "v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0",
    "m=video 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:0", "a=recvonly", "a=rtcp-mux",
    `a=rtpmap:96 ${rtpmap}`, ...fmtp.map((parameters) => `a=fmtp:96 ${parameters}`),
    "a=ice-ufrag:test", "a=ice-pwd:passwordOfThePlayerOfTheTests", "a=setup:actpass",
    `a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`, "",
  ].join("\r\n");
}

// The two offers differ in the codec alone, so that nothing else can be what was refused.
test("a player without H.264 is told what both sides know, and one with it is let in", async () => {
  const refused = await ask("POST", `http://${own}/whep`, offer, offer_of("VP8/90000"));
  figure(`an offer of VP8 alone: ${refused.status} ${refused.body.trim()}`);
  assert.equal(refused.status, 406);
  assert.match(refused.body, /ours: H264.*theirs: VP8/);

  const h264 = offer_of("H264/90000", "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1");
  assert.equal(await status("POST", `http://${own}/whep`, offer, h264), 201);
});

const mistakes = {
  "a port in use": ["--listen", own],
  "an address beyond loopback without a token": ["--listen", "10.99.0.1:8082"],
  "a missing file": ["--listen", "127.0.0.1:8082", "--source", "file:/does/not/exist.h264"],
  "an unknown option": ["--no-such-option"],
};
for (const [mistake, options] of Object.entries(mistakes)) {
  test(`${mistake} ends it at once with 2 and one line`, async () => {
    const { code, output } = await Program.run("petrel-camera", ...options);
    figure(`${mistake}: ${output.trim()}`);
    assert.equal(code, 2);
    assert.equal(output.trim().split("\n").length, 1, output);
  });
}
