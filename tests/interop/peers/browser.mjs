// A browser as a peer: browser.mjs chromium|firefox [OPTIONS]
//
// OPTIONS is JSON: { "devices": false } is Chromium without camera and microphone, { "preferences": {…} }
// is for Firefox. The page does the work (call_page.mjs); this carries lines to it and back.

import { once } from "node:events";
import { createServer } from "node:http";

import { launch } from "../../browser/browser.mjs";
import { Firefox } from "../firefox/bidi.mjs";
import { call_page } from "./call_page.mjs";
import { define_channels } from "./channels.mjs";
import { converse, tell } from "./lines.mjs";

const poll_ms = 300;

const browsers = {
  async chromium({ devices = true }) {
    const browser = await launch({ devices });
    const page = await browser.newPage();
    page.on("pageerror", (error) => tell({ failed: String(error) }));
    const close = () => browser.close();
    // Sound is made only for who has touched the page.
    const touch = () => page.mouse.click(10, 10);
    return { page, name: "Chromium", version: browser.version(), touch, close };
  },
  async firefox({ preferences = {} }) {
    const firefox = await Firefox.launch(preferences);
    const close = () => firefox.close();
    return { page: firefox, name: "Firefox", version: firefox.version, touch: () => {}, close };
  },
};

// Any page will do, as long as it comes from a place that browsers trust with a camera.
async function serve_page() {
  const server = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><title>A call</title>");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const [make, options = "{}"] = process.argv.slice(2);
const server = await serve_page();
const { page, name, version, touch, close } = await browsers[make](JSON.parse(options));
try {
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await touch();
  await page.evaluate(define_channels);
  await page.evaluate(call_page);

  let over = false;
  const pass_on = async (patience_ms) =>
    (await page.evaluate((patience_ms) => window.petrelCall.told(patience_ms), patience_ms)).forEach(tell);
  const listening = (async () => {
    while (!over) await pass_on(poll_ms);
    await pass_on(0);
  })();
  await converse(name, version, (line) => page.evaluate((line) => window.petrelCall.handle(line), line));
  over = true;
  await listening;
} finally {
  await close();
  server.close();
}
