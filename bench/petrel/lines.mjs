// One data channel beside one TCP connection, on the same lines of the virtual network: what long and
// lossy lines do to each. Both have 1 MiB to send at a time and share nothing else.
//
//   lines.mjs [SECONDS]     of virtual time for each cell and seed

import { execFileSync } from "node:child_process";
import path from "node:path";

import { table } from "../../tests/interop/table.mjs";

const program = path.join(process.env.PETREL_BIN ?? "build/release/bin", "petrel-bench");
const seconds = Number(process.argv[2] ?? 20);
const seeds = [1, 2, 3];

const measure = (command, line) => {
  const rates = seeds.map((seed) => {
    const options = Object.entries({ ...line, seed, seconds }).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    return JSON.parse(execFileSync(program, [command, ...options], { encoding: "utf8" })).MBps * 8;
  });
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
};

const rows = [];
for (const rate of [20, 100]) {
  for (const rtt of [20, 100, 200]) {
    for (const loss of [0, 0.1, 1]) {
      const line = { rtt, loss, rate };
      const data = measure("data", line);
      const tcp = measure("tcp", line);
      rows.push({
        "Mbit/s": rate, "round trip, ms": rtt, "lost, %": loss,
        "data channel, Mbit/s": data.toFixed(1), "TCP, Mbit/s": tcp.toFixed(1), ratio: (data / tcp).toFixed(2),
      });
    }
  }
}
table(rows);
