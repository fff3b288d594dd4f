// An internet of network namespaces: sites behind the kernel's own NATs, each with one host, and a STUN and
// TURN server that all can reach.

import { execFile, spawn } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { within } from "../browser/program.mjs";

const run_file = promisify(execFile);
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);

// By RFC 4787's mapping and filtering, named as tests/simulation/matrix_table.cpp names them.
export const nats = ["open", "full cone", "address-restricted", "port-restricted", "symmetric", "UDP-blocked"];
// What a host has. IPv6 is filtered as its site's NAT filters; with NAT66 it is translated as well.
export const variants = ["IPv4", "IPv6", "NAT66", "dual"];

export const internet = "internet";
// A server has the families that its clients have: one with both gives both by one allocation.
export const servers = {
  IPv4: ["198.51.100.1"],
  IPv6: ["2001:db8:ffff::1"],
  dual: ["2001:db8:ffff::2", "198.51.100.2"],
};
const gateway = servers.IPv4[0];
const prefix_length = (address) => (address.includes(":") ? 128 : 32);

const has_v4 = (variant) => variant === "IPv4" || variant === "dual";
const has_v6 = (variant) => variant !== "IPv4";

// What an address is called in nft, and what an endpoint of the other side is.
const families = {
  v4: { table: "ip", type: "ipv4_addr", address: "ip" },
  v6: { table: "ip6", type: "ipv6_addr", address: "ip6" },
};

class Site {
  constructor(number, nat, variant, side) {
    Object.assign(this, { number, nat, variant, side });
    this.host = `host${number}`;
    this.router = `router${number}`;
    this.delay_ms = 1 + ((number * 7) % 24);
    const translates = nat !== "open";
    this.addresses = [];
    if (has_v4(variant)) {
      const outside = `203.0.113.${number}`;
      this.addresses.push({ family: "v4", outside, inside: translates ? `10.0.${number}.2` : outside, translates });
    }
    if (has_v6(variant)) {
      const behind = translates && variant === "NAT66";
      const outside = `2001:db8:${number}::${behind ? 1 : 2}`;
      this.addresses.push({ family: "v6", outside, inside: behind ? `fd00:${number}::2` : outside, translates: behind });
    }
  }

  namespaces() {
    return [`ip netns add ${this.host}`, `ip netns add ${this.router}`,
      `ip link add out netns ${this.router} type veth peer name site${this.number} netns ${internet}`];
  }

  wires() {
    const link = `site${this.number}`;
    const near = `192.0.2.${this.number}`;
    const lines = [
      `ip -n ${this.host} link set dev lo up`,
      `ip -n ${this.host} link set dev up up`,
      `ip -n ${this.router} link set dev lo up`,
      `ip -n ${this.router} link set dev in up`,
      `ip -n ${this.router} link set dev out up`,
      `ip -n ${internet} link set dev ${link} up`,
      `ip -n ${this.router} address add ${near}/32 dev out`,
      `ip -n ${this.router} route add default via ${gateway} dev out onlink`,
      `ip -n ${internet} route add ${near}/32 dev ${link}`,
      `ip -n ${this.router} -6 address add fe80::2/64 dev out nodad`,
      `ip -n ${internet} -6 address add fe80::1/64 dev ${link} nodad`,
      `ip -n ${this.router} -6 route add default via fe80::1 dev out`,
      `ip netns exec ${this.router} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`,
    ];
    for (const { family, inside, outside, translates } of this.addresses) {
      const [version, bits] = family === "v4" ? ["-4", 32] : ["-6", 128];
      const nodad = family === "v6" ? "nodad" : "";
      const next = family === "v4" ? near : "fe80::2";
      lines.push(
        `ip -n ${this.host} ${version} address add ${inside}/${bits} dev up ${nodad}`,
        `ip -n ${this.host} ${version} route add default dev up`,
        `ip -n ${this.router} ${version} route add ${inside}/${bits} dev in`,
        `ip -n ${internet} ${version} route add ${outside}/${bits} via ${next} dev ${link}`);
      if (translates) lines.push(`ip -n ${this.router} ${version} address add ${outside}/${bits} dev out ${nodad}`);
    }
    lines.push(`ip netns exec ${this.router} nft -f - <<'END'\n${this.rules()}\nEND`);
    return lines;
  }

  rules() {
    return this.addresses.map((each) => (each.translates ? translation(this.nat, each) : filter(this.nat, each))).join("\n");
  }
}

const remember = ({ address }) => `iifname "in" meta l4proto udp update @seen { ${address} daddr . udp sport }`;

// A NAT, made of the kernel's: `snat` keeps the port, so that its mapping does not depend on the remote end, and
// lets in what it has a connection for, which is the very endpoint that was sent to. A set remembers what else
// may come in. What nobody may send is dropped before the kernel makes a connection of it: such a connection
// would be in the way of the mapping that is to be made next.
function translation(nat, { family, inside, outside }) {
  const { table, type, address } = families[family];
  const bracketed = family === "v6" ? `[${outside}]` : outside;
  const target = nat === "symmetric" ? `${bracketed}:20000-60000 fully-random` : outside;
  const protocols = nat === "symmetric" ? "meta l4proto { tcp, udp } " : "";
  const let_in = {
    "full cone": `meta l4proto udp dnat to ${inside}`,
    "address-restricted": `${address} saddr . udp dport @seen dnat to ${inside}`,
  }[nat];
  return `table ${table} nat {
  set seen { type ${type} . inet_service; size 65535; flags dynamic; }
  chain out { type nat hook postrouting priority 100; oifname "out" ${protocols}snat to ${target}; }
  chain back { type nat hook prerouting priority -100; ${let_in ? `iifname "out" ${address} daddr ${outside} ${let_in};` : ""} }
  chain through {
    type filter hook forward priority 0;
    ${nat === "UDP-blocked" ? "meta l4proto udp drop;" : ""}
    ${nat === "address-restricted" ? `${remember(families[family])};` : ""}
  }
  chain to_us { type filter hook input priority 0; iifname "out" ${address} daddr ${outside} meta l4proto { tcp, udp } drop; }
}`;
}

// The filter of such a NAT without its translation.
function filter(nat, { family }) {
  const { table, type, address } = families[family];
  const let_in = {
    open: "accept",
    "full cone": "udp dport @ports accept",
    "address-restricted": `${address} saddr . udp dport @seen accept`,
  }[nat];
  return `table ${table} filter {
  set seen { type ${type} . inet_service; size 65535; flags dynamic; }
  set ports { type inet_service; size 65535; flags dynamic; }
  chain through {
    type filter hook forward priority 0;
    ${nat === "UDP-blocked" ? "meta l4proto udp drop" : ""}
    ${remember(families[family])}
    iifname "in" meta l4proto udp update @ports { udp sport }
    iifname "in" accept
    ct state established,related accept
    ${let_in ?? ""}
    ${nat === "open" ? "" : "meta l4proto { udp, tcp } drop"}
  }
}`;
}

async function shell(lines) {
  const child = spawn("sh", ["-eu"], { stdio: ["pipe", "inherit", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (complaint += text));
  child.stdin.end(`${lines.join("\n")}\n`);
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`the namespaces could not be made: ${complaint}`);
}

export class World {
  // Two sites of each kind and variant: one for each side of a call. Everything is gone with this process.
  static async create() {
    const world = new World();
    let number = 0;
    for (const variant of variants) {
      for (const nat of nats) {
        for (const side of ["alice", "bob"]) world.sites.push(new Site(++number, nat, variant, side));
      }
    }
    // In this process's own mount namespace, so that other tests' namespaces may have the same names.
    await shell([
      "mount -t tmpfs none /run/netns 2>/dev/null || { mkdir -p /run/netns; mount -t tmpfs none /run/netns; }",
      `ip netns add ${internet}`,
      `ip -n ${internet} link set dev lo up`,
      ...Object.values(servers).flat().map((address) => `ip -n ${internet} address add ${address}/${prefix_length(address)} dev lo`),
      `ip netns exec ${internet} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`,
      ...world.sites.flatMap((site) => site.namespaces()),
    ]);
    await world.#lay_lines();
    await shell(world.sites.flatMap((site) => site.wires()));
    return world;
  }

  sites = [];

  site(side, nat, variant) {
    return this.sites.find((each) => each.side === side && each.nat === nat && each.variant === variant);
  }

  // On the way out of every site, as in the matrix.
  async lose(percent) {
    await shell(this.sites.map((site) => `ip netns exec ${site.router} nft -f - <<'END'
table inet loss {
  chain out {
    type filter hook forward priority -10
    iifname "in" numgen random mod 100 < ${percent} drop
  }
}
END`));
  }

  async #lay_lines() {
    this.lines = spawn("/usr/bin/python3", [path.join(here, "nat_lines.py")], { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    const ready = new Promise((resolve, reject) => {
      this.lines.stdout.on("data", resolve);
      this.lines.stderr.setEncoding("utf8").on("data", (text) => (said += text));
      this.lines.on("close", () => reject(new Error(`the lines ended: ${said}`)));
    });
    ready.catch(() => {});
    this.lines.stdin.end(this.sites.map((site) => `${site.host} ${site.router} ${site.delay_ms}\n`).join(""));
    await within(30_000, "the lines between the namespaces", ready);
  }

  async close() {
    this.lines?.kill();
    await run_file("umount", ["-l", "/run/netns"]).catch(() => {});
  }
}
