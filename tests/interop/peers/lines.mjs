// The two ends of docs/interop.md's JSON lines, for programs in JavaScript.

import { createInterface } from "node:readline";

export const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// Gives each line to `handle`, one after the other, until there are no more.
export async function converse(name, version, handle) {
  tell({ hello: { name, version } });
  try {
    for await (const text of createInterface({ input: process.stdin })) {
      await handle(JSON.parse(text));
    }
  } catch (error) {
    tell({ failed: error.stack ?? String(error) });
    process.exitCode = 1;
  }
}

// Counts what came of each kind, and says once that there is enough of all.
export class Counter {
  constructor(media, enough) {
    this.received = Object.fromEntries(media.map(({ kind }) => [kind, 0]));
    this.enough = enough;
    this.told = false;
  }

  set(kind, count) {
    this.received[kind] = count;
    if (this.told || Object.values(this.received).some((each) => each < this.enough)) return;
    this.told = true;
    tell({ enough: {} });
  }

  add(kind) {
    this.set(kind, this.received[kind] + 1);
  }
}
