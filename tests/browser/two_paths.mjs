// A camera and a browser with two interfaces each, like Wi-Fi and cable, on a network with a router in its middle,
// so that neither sees the other one's plug being pulled. A third interface, which ICE is told to leave alone, is
// for the page, so that signalling goes on.

import { execFileSync } from "node:child_process";

import { Program } from "./program.mjs";

export const camera_at = { wifi: "10.99.1.2", cable: "10.99.2.2" };
const signalling = "10.99.9.2";
// Preferred in this order, as systems do it; the camera's addresses leave by their own interface.
const metric = { wifi: 600, cable: 700 };

const run = (line) => execFileSync("sh", ["-euc", line], { stdio: ["ignore", "pipe", "inherit"] });

export class TwoPaths {
  // In the test's own namespace, which is the browser's side.
  static create() {
    run(`
      mkdir -p /run/netns
      mount -t tmpfs none /run/netns
      ip netns add camera
      ip netns add router
      for side in "" "-n camera" "-n router"; do ip $side link set dev lo up; done
      ip netns exec router sysctl -qw net.ipv4.ip_forward=1
      ip link add page0 type veth peer name page1 netns camera
      ip address add 10.99.9.1/24 dev page0
      ip -n camera address add ${signalling}/24 dev page1
      for path in wifi cable; do
        ip link add "$path"0 type veth peer name "$path"_b netns router
        ip netns exec camera ip link add "$path"1 type veth peer name "$path"_c netns router
        for port in "$path"_b "$path"_c; do ip -n router link set dev $port up; done
      done
      ip -n router address add 10.99.1.254/24 dev wifi_c
      ip -n router address add 10.99.2.254/24 dev cable_c
      ip -n router address add 10.99.3.254/24 dev wifi_b
      ip -n router address add 10.99.4.254/24 dev cable_b
      ip address add 10.99.3.1/24 dev wifi0
      ip address add 10.99.4.1/24 dev cable0
      ip -n camera address add ${camera_at.wifi}/24 dev wifi1
      ip -n camera address add ${camera_at.cable}/24 dev cable1
      ip -n camera link set dev page1 up
      ip link set dev page0 up
      ip route del default
      # What comes from the page's interface does not count.
      for side in "" "ip netns exec camera"; do $side sysctl -qw net.ipv4.conf.all.rp_filter=2; done`);
    const paths = new TwoPaths();
    for (const path of ["wifi", "cable"]) {
      paths.camera_link(path, "up");
      paths.browser_link(path, "up");
    }
    return paths;
  }

  start_camera(...options) {
    return Program.inside("camera").start("petrel-camera", "--listen", `${signalling}:8080`, "--public",
      "--exclude-interface", "page1", "--size", "640x360", "--fps", "30", ...options);
  }

  // Routes go with the interface, and come back with it.
  camera_link(path, state) {
    run(`ip -n camera link set dev ${path}1 ${state}`);
    if (state === "up") this.#route_camera(path);
  }
  change_camera_address(path, to) {
    run(`ip -n camera address flush dev ${path}1; ip -n camera address add ${to}/24 dev ${path}1`);
    this.#route_camera(path);
  }
  #route_camera(path) {
    const subnet = path === "wifi" ? 1 : 2;
    run(`ip -n camera route replace default via 10.99.${subnet}.254 dev ${path}1 metric ${metric[path]}
      ip -n camera route replace default via 10.99.${subnet}.254 dev ${path}1 table ${subnet}
      ip -n camera rule del from 10.99.${subnet}.0/24 table ${subnet} 2>/dev/null || :
      ip -n camera rule add from 10.99.${subnet}.0/24 table ${subnet}`);
  }
  browser_link(path, state) {
    const subnet = path === "wifi" ? 3 : 4;
    run(`ip link set dev ${path}0 ${state}`);
    if (state === "up") run(`ip route add default via 10.99.${subnet}.254 dev ${path}0 metric ${metric[path]}`);
  }
  // Nothing passes to or from the camera, and nobody's plug is pulled.
  silence(path) {
    run(`ip netns exec router nft -f - <<'END'
table ip silence_${path} {
  chain through {
    type filter hook forward priority 0
    iifname "${path}_c" drop
    oifname "${path}_c" drop
  }
}
END`);
  }
  mend(path) {
    run(`ip netns exec router nft delete table ip silence_${path} 2>/dev/null || :`);
  }
}

// By which of its interfaces the camera says that it sends, and to which of the browser's: "wifi" or "cable".
export async function paths_in_use(camera) {
  const { viewers } = await (await fetch(new URL("/stats", camera.url))).json();
  const found = viewers[0]?.why.match(/, \w+ 10\.99\.([12])\.\d+:\d+ to \w+ 10\.99\.([34])\./);
  return { camera: { 1: "wifi", 2: "cable" }[found?.[1]], browser: { 3: "wifi", 4: "cable" }[found?.[2]] };
}

// Notes the time of every frame that the page shows, from now on.
export const watch_frames = (page) =>
  page.evaluate(() => {
    const video = document.querySelector("video");
    const frames = (window.petrelFrames = { last: performance.now(), longest: 0, count: 0 });
    const note = (now) => {
      ++frames.count;
      frames.longest = Math.max(frames.longest, now - frames.last);
      frames.last = now;
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  });

// The longest time without a frame since the last call of this, in milliseconds; `count` frames in all.
export const longest_gap = (page) =>
  page.evaluate(() => {
    const frames = window.petrelFrames;
    const longest = Math.max(frames.longest, performance.now() - frames.last);
    frames.longest = 0;
    return { longest: Math.round(longest), count: frames.count };
  });
