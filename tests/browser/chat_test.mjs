// Two pages and the terminal of petrel-chat talk to each other.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open_page, until } from "./browser.mjs";
import { Program } from "./program.mjs";

let chat, browser, first, second;

before(async () => {
  chat = await Program.start("petrel-chat");
  browser = await launch();
  first = await open_page(browser, chat.url);
  second = await open_page(browser, chat.url);
  for (const page of [first, second]) await page.waitForSelector("#text:enabled");
});

after(async () => {
  await browser?.close();
  await chat?.stop();
});

const say = async (page, text) => {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
};
const lines = (page) => page.$$eval("#lines li", (all) => all.map((each) => each.textContent));
const hears = (page, line) => until(page, `"${line}"`, () => lines(page), (all) => all.includes(line));
const prints = (line) => until(first, `"${line}" on the terminal`, () => chat.output.split("\n"), (all) => all.includes(line));

test("what a page says is on the terminal and on the other page", async () => {
  await say(first, "hello ☂");
  await prints("guest 1: hello ☂");
  await hears(second, "guest 1: hello ☂");
  await say(second, "hello yourself");
  await hears(first, "guest 2: hello yourself");
  assert.deepEqual(await lines(first), ["you: hello ☂", "guest 2: hello yourself"]);
});

test("what the terminal says is on both pages", async () => {
  chat.type("good evening\n");
  for (const page of [first, second]) await hears(page, "petrel: good evening");
});

// A terminal would act on it.
test("an escape sequence of a page is not printed as one", async () => {
  await first.evaluate(() => channel.send("\u001b[31mred\nguest 2: forged"));
  await prints("guest 1:  [31mred guest 2: forged");
});

test("who closes the page has left", async () => {
  await second.close();
  await prints("guest 2 has left.");
  assert.deepEqual(first.complaints, []);
  assert.equal(await chat.stop(), 0, chat.output);
});
