// Starts one of the example programs and ends it as a user would, by Ctrl-C.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

const bin = process.env.PETREL_BIN ?? "build/release/bin";
const start_deadline_ms = 30_000;
const end_deadline_ms = 10_000;

export class Program {
  // Resolves once the program has printed the address of its page.
  static async start(name, ...options) {
    const program = new Program(name, options);
    await program.#listening();
    return program;
  }

  // Resolves once the program has printed what matches `pattern`: for programs without a page.
  static async announce(name, pattern, ...options) {
    const program = new Program(name, options);
    await program.#listening(pattern);
    return program;
  }

  // Runs a program that is expected to end by itself: { code, output }.
  static async run(name, ...options) {
    const program = new Program(name, options);
    const code = await program.#ended(start_deadline_ms);
    return { code, output: program.output };
  }

  // The same in a network namespace that `ip netns` knows.
  static inside(namespace) {
    const command = ["nsenter", `--net=/run/netns/${namespace}`];
    return {
      announce: async (name, pattern, ...options) => {
        const program = new Program(name, options, command);
        await program.#listening(pattern);
        return program;
      },
      start: async (name, ...options) => {
        const program = new Program(name, options, command);
        await program.#listening();
        return program;
      },
    };
  }

  constructor(name, options, command = []) {
    // Whatever cameras this machine has, tests look for the pattern.
    if (name === "petrel-camera" && !options.includes("--source")) options = ["--source", "pattern", ...options];
    this.name = name;
    this.output = "";
    this.url = undefined;
    const [first, ...rest] = [...command, path.join(bin, name), ...options];
    this.child = spawn(first, rest, { stdio: ["pipe", "pipe", "pipe"] });
    this.exit = once(this.child, "close").then(([code, signal]) => signal ?? code);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
  }

  // What a user would type.
  type(text) {
    this.child.stdin.write(text);
  }

  // Ends it and answers the exit code, or the name of the signal that killed it.
  async stop() {
    this.child.kill("SIGINT");
    return this.#ended(end_deadline_ms);
  }

  async #listening(pattern = /https?:\/\/[^\s"']+/) {
    const found = new Promise((resolve) => {
      const look = () => {
        this.url = this.output.match(pattern)?.[0];
        if (this.url) resolve();
      };
      this.child.stdout.on("data", look);
      this.child.stderr.on("data", look);
    });
    const ended = this.exit.then((code) => {
      throw new Error(`${this.name} ended with ${code} before it listened:\n${this.output}`);
    });
    await within(start_deadline_ms, `${this.name} to print its address`, Promise.race([found, ended]));
  }

  async #ended(deadline_ms) {
    try {
      return await within(deadline_ms, `${this.name} to end`, this.exit);
    } catch (error) {
      this.child.kill("SIGKILL");
      throw new Error(`${error.message}; it printed:\n${this.output}`);
    }
  }
}

// `promise`, or an error that says what was waited for.
export async function within(deadline_ms, what, promise) {
  let timer;
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadline_ms} ms for ${what}`)), deadline_ms);
  });
  return Promise.race([promise, expired]).finally(() => clearTimeout(timer));
}
