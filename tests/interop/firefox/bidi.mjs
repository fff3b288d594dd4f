// Debian's Firefox by WebDriver BiDi: enough to open a page and ask it things.
//
// A page answers to the same calls as Chromium's in tests/browser/browser.mjs.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { require_package } from "../../browser/browser.mjs";
import { instrument } from "../../browser/instrument.mjs";
import { within } from "../../browser/program.mjs";

const start_deadline_ms = 60_000;
const answer_deadline_ms = 60_000;
const end_deadline_ms = 10_000;

const fake_devices = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "media.cubeb.force_mock_context": true, // Without a sound device an AudioContext never runs.
};

// Everything that would look something up in a network that is not there.
const quiet = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.region.network.url": "",
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.healthreport.uploadEnabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.push.connection.enabled": false,
  "extensions.update.enabled": false,
  "media.gmp-manager.updateEnabled": false,
  "media.gmp-manager.url": "http://127.0.0.1:9/none",
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.dns.disablePrefetch": true,
  "network.trr.mode": 5,
  "services.settings.server": "data:,",
  "toolkit.telemetry.enabled": false,
};

export class Firefox {
  static async launch(preferences = {}) {
    const profile = await mkdtemp(path.join(tmpdir(), "petrel-firefox-"));
    const lines = Object.entries({ ...fake_devices, ...quiet, ...preferences })
      .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
    await writeFile(path.join(profile, "user.js"), lines.join("\n"));

    const firefox = new Firefox(profile);
    try {
      await firefox.#connect();
    } catch (error) {
      await firefox.close();
      throw error;
    }
    return firefox;
  }

  constructor(profile) {
    this.profile = profile;
    this.complaints = [];
    this.last_id = 0;
    this.waiting = new Map();
    this.child = spawn(
      process.env.PETREL_FIREFOX ?? "/usr/bin/firefox-esr",
      ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"],
      // As root of a user namespace its sandbox cannot be set up; the pages are our own.
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HOME: profile, MOZ_DISABLE_CONTENT_SANDBOX: "1" } },
    );
    this.exit = once(this.child, "close");
  }

  async goto(url) {
    await this.#command("browsingContext.navigate", { context: this.context, url, wait: "complete" });
  }

  // What `body` answers in the page for `parameter`; both travel as text.
  async evaluate(body, parameter = null) {
    const expression = `(async () => JSON.stringify(await (${body})(${JSON.stringify(parameter)}) ?? null))()`;
    const answer = await this.#command("script.evaluate", {
      expression,
      target: { context: this.context },
      awaitPromise: true,
      userActivation: true,
    });
    if (answer.type === "exception") throw new Error(answer.exceptionDetails.text);
    return JSON.parse(answer.result.value);
  }

  async close() {
    if (this.context) this.#command("browser.close").catch(() => {});
    else this.child.kill("SIGKILL");
    await within(end_deadline_ms, "Firefox to end", this.exit).catch(() => this.child.kill("SIGKILL"));
    await rm(this.profile, { recursive: true, force: true, maxRetries: 3 });
  }

  async #connect() {
    const address = await within(start_deadline_ms, "Firefox to listen", this.#address());
    const WebSocket = require_package("ws");
    this.socket = new WebSocket(`${address}/session`);
    await within(answer_deadline_ms, "Firefox to accept", once(this.socket, "open"));
    this.socket.on("message", (text) => this.#handle(JSON.parse(text)));

    const session = await this.#command("session.new", { capabilities: {} });
    this.version = session.capabilities.browserVersion;
    this.context = (await this.#command("browsingContext.getTree")).contexts[0].context;
    await this.#command("session.subscribe", { events: ["log.entryAdded"] });
    await this.#command("script.addPreloadScript", { functionDeclaration: String(instrument) });
  }

  #address() {
    return new Promise((resolve, reject) => {
      let printed = "";
      for (const stream of [this.child.stdout, this.child.stderr]) {
        stream.setEncoding("utf8").on("data", (text) => {
          printed += text;
          const found = printed.match(/WebDriver BiDi listening on (ws:\S+)/);
          if (found) resolve(found[1]);
        });
      }
      this.exit.then(() => reject(new Error(`Firefox ended at once: ${printed}`)), reject);
    });
  }

  #handle(message) {
    if (message.type === "event") {
      if (message.params.level === "error") this.complaints.push(message.params.text);
      return;
    }
    const { resolve, reject } = this.waiting.get(message.id) ?? {};
    this.waiting.delete(message.id);
    if (message.type === "error") reject?.(new Error(`${message.error}: ${message.message}`));
    else resolve?.(message.result);
  }

  #command(method, params = {}) {
    const id = ++this.last_id;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.socket.send(JSON.stringify({ id, method, params }));
    return within(answer_deadline_ms, `Firefox's answer to ${method}`, answer);
  }
}
