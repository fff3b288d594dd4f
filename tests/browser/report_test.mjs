// The page's panel on how the connection came about, from the camera's own report.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";

import { decode_frames, figure, launch, open_page, output, until } from "./browser.mjs";
import { Program } from "./program.mjs";

const token = "open-sesame";
let camera, browser, page;

before(async () => {
  // A port where nobody answers, and a name that nobody has.
  camera = await Program.start("petrel-camera", "--size", "640x360", "--token", token,
    "--ice-server", "stun:10.99.0.1:9", "--ice-server", "turn:nobody.invalid,ada,secret");
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await camera?.stop();
});

const panel = () => page.locator("#report").innerText();

test("the panel shows stages, servers and pairs", async () => {
  page = await open_page(browser, camera.url);
  await decode_frames(page, 30);
  await page.locator("summary").click();
  const text = await until(page, "the servers to be given up", panel, (said) => /stun:10\.99\.0\.1:9[^\n]*\n?.*no answer/.test(said));
  await page.screenshot({ path: path.join(output, "report.png"), fullPage: true });

  assert.match(text, /Connected after [\d.]+ ms, host 10\.99\.0\.1:\d+ to /);
  for (const stage of ["A path works (ICE)", "Encrypted", "First packet of picture or sound"]) {
    assert.match(text, new RegExp(`${stage.replace(/[()]/g, "\\$&")}\\s+[\\d.]+ ms`, "i"));
  }
  assert.match(text, /name unknown\s+turn:nobody\.invalid/);
  assert.match(text, /in use\s+host 10\.99\.0\.1:\d+\s+\S+ 10\.99\.0\.1:\d+/);
  figure(text.split("\n")[0]);
});

test("it is for those who may watch, and for sessions that there are", async () => {
  const ask = (session, headers) => page.evaluate(async ([session, headers]) => {
    const response = await fetch(`/whep/${session}/report`, { headers });
    return [response.status, await response.text()];
  }, [session, headers]);
  const own = await page.evaluate(() => reportUrl.split("/").at(-1));
  assert.equal((await ask(own, {}))[0], 401);
  assert.equal((await ask("nobody", { Authorization: `Bearer ${token}` }))[0], 404);
  const [status, body] = await ask(own, { Authorization: `Bearer ${token}` });
  assert.equal(status, 200);
  assert.equal(JSON.parse(body).state, "connected");
});

test("the camera's log says how each viewer connected, once", async () => {
  const lines = camera.output.match(/^viewer-1: Connected after .*$/gm) ?? [];
  assert.equal(lines.length, 1, camera.output);
});

test("a session that has ended is still explained", async () => {
  const own = await page.evaluate(() => reportUrl);
  const [state] = await page.evaluate(async ([url, token]) => {
    const headers = { Authorization: `Bearer ${token}` };
    await fetch(url, { method: "DELETE", headers });
    const report = await (await fetch(`${url}/report`, { headers })).json();
    return [report.state];
  }, [own, token]);
  assert.equal(state, "connected");
});
