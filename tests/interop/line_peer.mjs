// A program that makes one call and speaks docs/interop.md's JSON lines.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { within } from "../browser/program.mjs";

const start_deadline_ms = 60_000;
const answer_deadline_ms = 20_000;
const end_deadline_ms = 20_000;

export class LinePeer {
  // `told` gets every line but the first, in order. Resolves once the program has said who it is.
  static async start([command, ...options], told, environment = {}) {
    const peer = new LinePeer(command, options, told, environment);
    const too_soon = peer.ended.then(() => {
      throw new Error(`it ended at once:\n${peer.complaints}`);
    });
    const what = `${command} ${options[0] ?? ""} to start`;
    peer.hello = await within(start_deadline_ms, what, Promise.race([peer.greeting, too_soon]));
    return peer;
  }

  constructor(command, options, told, environment) {
    this.complaints = "";
    this.child = spawn(command, options, { stdio: "pipe", env: { ...process.env, ...environment } });
    this.child.stderr.setEncoding("utf8").on("data", (text) => (this.complaints += text));
    this.child.stdin.on("error", () => {}); // It is gone; `ended` says so.
    this.child.on("error", (error) => (this.complaints += String(error)));
    this.ended = once(this.child, "close").then(([code, signal]) => signal ?? code, (error) => error);
    this.reported = new Promise((resolve) => (this.report = resolve));
    let greet;
    this.greeting = new Promise((resolve) => (greet = resolve));
    createInterface({ input: this.child.stdout }).on("line", (text) => {
      // Libraries print, too.
      if (!text.startsWith("{")) return void (this.complaints += `${text}\n`);
      const line = JSON.parse(text);
      if (line.hello) return greet(line.hello);
      if (line.result) this.report(line.result);
      else told(line);
    });
  }

  tell(line) {
    this.child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  // How it went, as it sees it; undefined if it cannot say.
  async result() {
    this.tell({ report: {} });
    const gone = this.ended.then(() => undefined);
    return within(answer_deadline_ms, "a result", Promise.race([this.reported, gone])).catch(() => undefined);
  }

  // Ends the call and waits for the program's end: its exit code.
  async stop() {
    this.child.stdin.end();
    return within(end_deadline_ms, "the program to end", this.ended).catch((error) => {
      this.child.kill("SIGKILL");
      return error.message;
    });
  }
}
