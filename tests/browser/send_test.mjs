// Files between petrel-send and a page, and between two of them, with breaks and wrong bytes.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, watch, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { launch, open_page, output, until } from "./browser.mjs";
import { Program, within } from "./program.mjs";

const deadline_ms = 60_000;
let browser, folder, content;

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "petrel-send-"));
  content = randomBytes(10_000_000);
  writeFileSync(path.join(folder, "film.bin"), content);
  // With a middle to stop in: a page takes 200 MB for as long as a terminal takes 500, which need no room as they are.
  writeFileSync(path.join(folder, "large.bin"), Buffer.concat(Array(20).fill(content)));
  writeFileSync(path.join(folder, "huge.bin"), content);
  truncateSync(path.join(folder, "huge.bin"), 500_000_000);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true });
});

const film = () => path.join(folder, "film.bin");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const target = () => mkdtempSync(path.join(folder, "in-"));
const room_of = (program) => program.output.match(/--room '([^']+)'/)[1];
const ends = (program, what) => within(deadline_ms, `${what} to end; it printed:\n${program.output}`, program.exit);

// Without a picker a page takes a file into memory and downloads it at the end; a picker's dialog nobody could click.
async function open(url) {
  const page = await open_page(browser, "about:blank");
  await page.addInitScript(() => { delete window.showSaveFilePicker; });
  await page.goto(url);
  return page;
}
const state = (page) => page.textContent("#state");
const comes_to = (page, text) => until(page, `the page to say "${text}"`, () => state(page), (seen) => seen === text);

// The size of the part in a folder, once it is more than `least`.
async function part_in(where, least) {
  let watcher;
  const grown = new Promise((resolve) => {
    const look = () => {
      const name = readdirSync(where).find((each) => each.endsWith(".part"));
      const size = name && statSync(path.join(where, name), { throwIfNoEntry: false })?.size;
      if (size > least) resolve(path.join(where, name));
    };
    watcher = watch(where, look);
    look();
  });
  try {
    return await within(deadline_ms, `a part of more than ${least} bytes in ${where}`, grown);
  } finally {
    watcher.close();
  }
}

test("a page downloads", async () => {
  const sender = await Program.start("petrel-send", film());
  const page = await open(sender.url);
  const download = await page.waitForEvent("download");
  assert.equal(download.suggestedFilename(), "film.bin");
  assert.equal(sha256(readFileSync(await download.path())), sha256(content));
  await comes_to(page, "received");
  assert.equal(await ends(sender, "the sender"), 0, sender.output);
  assert.match(sender.output, new RegExp(`Sent film.bin: .*${sha256(content)}`));
  await page.screenshot({ path: path.join(output, "send_received.png") });
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a page uploads, and nothing is overwritten", async () => {
  const where = target();
  writeFileSync(path.join(where, "film.bin"), "mine");
  const receiver = await Program.start("petrel-send", "--receive", where);
  const page = await open(receiver.url);
  await page.waitForSelector("#drop:visible");
  await page.screenshot({ path: path.join(output, "send_drop.png") });
  await page.setInputFiles("#file", film());
  await comes_to(page, "sent");
  assert.equal(await ends(receiver, "the receiver"), 0, receiver.output);
  assert.equal(sha256(readFileSync(path.join(where, "film (2).bin"))), sha256(content));
  assert.equal(readFileSync(path.join(where, "film.bin"), "utf8"), "mine");
  assert.deepEqual(readdirSync(where).sort(), ["film (2).bin", "film.bin"]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("two terminals meet in the sender's room", async () => {
  const where = target();
  const sender = await Program.start("petrel-send", film());
  const receiver = await Program.run("petrel-send", "--receive", where, "--room", room_of(sender));
  assert.equal(receiver.code, 0, receiver.output);
  assert.equal(await ends(sender, "the sender"), 0, sender.output);
  assert.equal(sha256(readFileSync(path.join(where, "film.bin"))), sha256(content));
});

test("two terminals meet in a third one's room", async () => {
  const where = target();
  const rooms = await Program.start("petrel-send", "--serve", "--token", "word");
  const room = room_of(rooms).replace("NAME", "ours");
  const sender = new Program("petrel-send", [film(), "--room", room]);
  const receiver = await Program.run("petrel-send", "--receive", where, "--room", room);
  assert.equal(receiver.code, 0, receiver.output);
  assert.equal(await ends(sender, "the sender"), 0, sender.output);
  assert.equal(sha256(readFileSync(path.join(where, "film.bin"))), sha256(content));
  const stranger = await Program.run("petrel-send", film(), "--room", room.replace("word", "guess"));
  assert.equal(stranger.code, 1);
  assert.match(stranger.output, /401/);
  assert.equal(await rooms.stop(), 0, rooms.output);
});

test("two terminals by pasted lines, without a server", async () => {
  const where = target();
  const line = /^ey\S+$/m;
  const sender = await Program.announce("petrel-send", line, film(), "--paste");
  const receiver = new Program("petrel-send", ["--receive", where, "--paste"]);
  receiver.type(sender.output.match(line)[0] + "\n");
  await until({ complaints: [] }, "the answer", () => receiver.output, (text) => line.test(text));
  sender.type("not a line\n" + receiver.output.match(line)[0] + "\n");
  assert.equal(await ends(receiver, "the receiver"), 0, receiver.output);
  assert.equal(await ends(sender, "the sender"), 0, sender.output);
  assert.match(sender.output, /That is no line of the other end's/);
  assert.equal(sha256(readFileSync(path.join(where, "film.bin"))), sha256(content));
});

async function broken_off(where) {
  const huge = path.join(folder, "huge.bin");
  const sender = await Program.start("petrel-send", huge);
  const receiver = new Program("petrel-send", ["--receive", where, "--room", room_of(sender)]);
  const part = await part_in(where, 2_000_000);
  receiver.child.kill("SIGKILL");
  await receiver.exit;
  const size = statSync(part).size;
  assert.ok(size < statSync(huge).size, "the file was there before the receiver could be killed");
  return { huge, sender, part, size };
}

test("a receiver that is killed and started again goes on where it stopped", async () => {
  const where = target();
  const { huge, sender, size } = await broken_off(where);
  const receiver = await Program.run("petrel-send", "--receive", where, "--room", room_of(sender));
  assert.equal(receiver.code, 0, receiver.output);
  assert.match(receiver.output, /of it already; going on from there/);
  assert.equal(await ends(sender, "the sender"), 0, sender.output);
  assert.match(sender.output, /The other end has .* already/);
  assert.ok(size > 0);
  assert.equal(sha256(readFileSync(path.join(where, "huge.bin"))), sha256(readFileSync(huge)));
  rmSync(where, { recursive: true });
});

test("a wrong byte in the part is found by both ends, and the part is gone", async () => {
  const where = target();
  const { sender, part } = await broken_off(where);
  const bytes = readFileSync(part);
  bytes[1_000_000] ^= 1;
  writeFileSync(part, bytes);
  const receiver = await Program.run("petrel-send", "--receive", where, "--room", room_of(sender));
  assert.equal(receiver.code, 1, receiver.output);
  assert.equal(await ends(sender, "the sender"), 1, sender.output);
  for (const { output: text } of [sender, receiver]) assert.match(text, /petrel-send: .*another SHA-256/);
  assert.deepEqual(readdirSync(where), []);
  rmSync(where, { recursive: true });
});

test("Ctrl-C leaves the part and says so", async () => {
  const where = target();
  const huge = path.join(folder, "huge.bin");
  const sender = await Program.start("petrel-send", huge);
  const receiver = new Program("petrel-send", ["--receive", where, "--room", room_of(sender)]);
  await part_in(where, 1_000_000);
  assert.equal(await receiver.stop(), 1, receiver.output);
  assert.match(receiver.output, /stopped\. What has arrived is in .*\.part; start again/);
  assert.equal(await sender.stop(), 1, sender.output);
  rmSync(where, { recursive: true });
});

test("a page that is reloaded sends the same file on from where it stopped", async () => {
  const where = target();
  const large = path.join(folder, "large.bin");
  const receiver = await Program.start("petrel-send", "--receive", where);
  const page = await open(receiver.url);
  await page.waitForSelector("#drop:visible");
  await page.setInputFiles("#file", large);
  await part_in(where, 2_000_000);
  await page.screenshot({ path: path.join(output, "send_under_way.png") });
  await page.reload();
  await page.waitForSelector("#drop:visible");
  await page.setInputFiles("#file", large);
  await comes_to(page, "sent");
  assert.equal(await ends(receiver, "the receiver"), 0, receiver.output);
  assert.match(receiver.output, /of it already; going on from there/);
  assert.equal(sha256(readFileSync(path.join(where, "large.bin"))), sha256(readFileSync(large)));
  await page.close();
});

// Both ends stay; only what is between them breaks. They meet again in the room by themselves.
test("a page whose connection breaks goes on sending by another", async () => {
  const where = target();
  const large = path.join(folder, "large.bin");
  const receiver = await Program.start("petrel-send", "--receive", where);
  const page = await open(receiver.url);
  await page.waitForSelector("#drop:visible");
  await page.setInputFiles("#file", large);
  await part_in(where, 2_000_000);
  await page.evaluate(() => connection.close());
  await comes_to(page, "sent");
  assert.equal(await ends(receiver, "the receiver"), 0, receiver.output);
  assert.match(receiver.output, /The connection broke[^]*going on from there/);
  assert.equal(sha256(readFileSync(path.join(where, "large.bin"))), sha256(readFileSync(large)));
  await page.close();
});

test("a page whose connection breaks goes on receiving by another", async () => {
  const large = path.join(folder, "large.bin");
  const sender = await Program.start("petrel-send", large);
  const page = await open(sender.url);
  const download = page.waitForEvent("download", { timeout: deadline_ms });
  await until(page, "a part of the file", () => page.evaluate(() => incoming?.received ?? 0), (size) => size > 2_000_000);
  await page.evaluate(() => connection.close());
  assert.equal(sha256(readFileSync(await (await download).path())), sha256(readFileSync(large)));
  assert.equal(await ends(sender, "the sender"), 0, sender.output);
  assert.match(sender.output, /The connection broke[^]*The other end has .* already/);
  await page.close();
});

// Nothing is closed here: both find out by silence, which takes the 30 s of RFC 7675, and both ask for another meeting.
const nft = (...rule) => spawnSync("nft", rule).status === 0;

test("two terminals go on after a cut of the network", async () => {
  const where = target();
  const huge = path.join(folder, "huge.bin");
  const sender = await Program.start("petrel-send", huge);
  const receiver = new Program("petrel-send", ["--receive", where, "--room", room_of(sender)]);
  await part_in(where, 1_000_000);
  assert.ok(nft("add", "table", "inet", "cut"), "nft, of Debian's nftables, has to work here");
  nft("add", "chain", "inet", "cut", "in", "{ type filter hook input priority 0; }");
  assert.ok(nft("add", "rule", "inet", "cut", "in", "meta", "l4proto", "udp", "drop"));
  try {
    await until({ complaints: [] }, "the break", () => receiver.output, (text) => /The connection broke/.test(text));
  } finally {
    nft("delete", "table", "inet", "cut");
  }
  assert.equal(await ends(receiver, "the receiver"), 0, receiver.output);
  assert.equal(await ends(sender, "the sender"), 0, sender.output);
  assert.match(receiver.output, /of it already; going on from there/);
  assert.equal(sha256(readFileSync(path.join(where, "huge.bin"))), sha256(readFileSync(huge)));
  rmSync(where, { recursive: true });
});

test("pasted lines a second time go on where the first stopped", async () => {
  const where = target();
  const huge = path.join(folder, "huge.bin");
  const line = /^ey\S+$/m;
  const meet = async () => {
    const sender = await Program.announce("petrel-send", line, huge, "--paste");
    const receiver = new Program("petrel-send", ["--receive", where, "--paste"]);
    receiver.type(sender.output.match(line)[0] + "\n");
    await until({ complaints: [] }, "the answer", () => receiver.output, (text) => line.test(text));
    sender.type(receiver.output.match(line)[0] + "\n");
    return { sender, receiver };
  };
  const first = await meet();
  await part_in(where, 1_000_000);
  assert.equal(await first.sender.stop(), 1);
  assert.equal(await ends(first.receiver, "the receiver"), 1);
  assert.match(first.receiver.output, /the connection broke.*What has arrived is in .*part; start again/s);
  const second = await meet();
  assert.equal(await ends(second.receiver, "the receiver"), 0, second.receiver.output);
  assert.match(second.receiver.output, /of it already; going on from there/);
  assert.equal(sha256(readFileSync(path.join(where, "huge.bin"))), sha256(readFileSync(huge)));
  rmSync(where, { recursive: true });
});

test("two pages in a room of a third", async () => {
  const rooms = await Program.start("petrel-send", "--serve");
  const address = rooms.url + "room/two";
  const first = await open(address);
  const second = await open(address);
  await first.waitForSelector("#drop:visible");
  const download = second.waitForEvent("download");
  await first.setInputFiles("#file", film());
  assert.equal(sha256(readFileSync(await (await download).path())), sha256(content));
  await comes_to(first, "sent");
  await comes_to(second, "received");
  assert.equal(await rooms.stop(), 0, rooms.output);
  for (const page of [first, second]) await page.close();
});

test("two who both send are told so", async () => {
  const sender = await Program.start("petrel-send", film());
  const other = await Program.run("petrel-send", film(), "--room", room_of(sender));
  assert.equal(other.code, 1);
  assert.match(other.output, /sends too/);
  assert.equal(await ends(sender, "the sender"), 1, sender.output);
});

test("what cannot be meant is usage", async () => {
  for (const options of [[], [film(), "--serve"], ["none"], [film(), "--room", "x"], ["--receive", film()],
    [film(), "--listen", "0.0.0.0:8085"]]) {
    const { code, output: text } = await Program.run("petrel-send", ...options);
    assert.equal(code, 2, `${options}: ${text}`);
    assert.equal(text.trim().split("\n").length, 1, text);
  }
});
