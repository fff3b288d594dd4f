// petrel-turn between petrel-camera and Chromium: the camera by its own TURN client, and
// Chromium by Chromium's.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { decode_frames, figure, launch, open_page } from "./browser.mjs";
import { Program } from "./program.mjs";

// Of the test's own network; both ends of every call are on this host, so the server has to be
// told that it may relay there.
const address = "10.99.0.1";
const user = ["ada", "secret"];
const as_peer = (query = "") => `turn:${address}:3478${query},${user}`;
const as_browser = (query = "") => ({
  iceServers: [{ urls: `turn:${address}:3478${query}`, username: user[0], credential: user[1] }],
  iceTransportPolicy: "relay",
});

let relay, browser;

before(async () => {
  relay = await Program.announce("petrel-turn", /Serving STUN and TURN/,
    "--listen", `${address}:3478`, "--realm", "example.org", "--user", user.join(":"), "--allow-peer", "10.99.0.0/24");
  browser = await launch();
});

after(async () => {
  await browser?.close();
  assert.equal(await relay?.stop(), 0, relay?.output);
});

const plays = async (what, options, configuration) => {
  const camera = await Program.start("petrel-camera", "--size", "640x360", ...options);
  try {
    const page = await open_page(browser, camera.url, configuration);
    const video = await decode_frames(page, 60);
    figure(`${what}: ${video.frames} frames, ${video.local} to ${video.remote}, lost ${video.lost}`);
    await page.context().close();
    return video;
  } finally {
    await camera.stop();
  }
};

for (const query of ["", "?transport=tcp"]) {
  test(`the camera sends by its relay only${query && ", by TCP"}`, async () => {
    const video = await plays("petrel's client", ["--relay-only", "--ice-server", as_peer(query)]);
    assert.match(video.remote, /relay|prflx/);
  });

  test(`Chromium receives by its relay only${query && ", by TCP"}`, async () => {
    const video = await plays("Chromium's client", [], as_browser(query));
    assert.match(video.local, /relay/);
  });
}

test("both use relays only, of one server", async () => {
  const video = await plays("both", ["--relay-only", "--ice-server", as_peer()], as_browser());
  assert.match(video.local, /relay/);
});
