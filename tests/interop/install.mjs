// Brings what the peers need into the build folder, once.

import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const run = promisify(execFile);

export const folder = path.resolve(process.env.PETREL_INTEROP_OUTPUT ?? "build/release/tests/interop");

// npm's packages live in the build folder, where an import would not look for them.
export const require_package = createRequire(path.join(folder, "node_modules", "."));
export async function npm_version(name) {
  return JSON.parse(await readFile(path.join(folder, "node_modules", name, "package.json"), "utf8")).version;
}

// Does `work` unless it was done for these very files before.
async function once_for(name, files, work) {
  const stamp = path.join(folder, `${name}.stamp`);
  const wanted = (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n");
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return;
  await mkdir(folder, { recursive: true });
  await work();
  await writeFile(stamp, wanted);
}

// The packages of package-lock.json.
export async function npm_packages() {
  const files = ["package.json", "package-lock.json"].map((file) => path.join(here, file));
  await once_for("npm", files, async () => {
    for (const file of files) await copyFile(file, path.join(folder, path.basename(file)));
    await run("npm", ["ci", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error"]);
  });
}

// The packages of requirements.txt, in a Python environment of their own.
export const python = path.join(folder, "python", "bin", "python3");
export async function python_packages() {
  const requirements = path.join(here, "requirements.txt");
  await once_for("python", [requirements], async () => {
    await run("python3", ["-m", "venv", "--clear", path.join(folder, "python")]);
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]);
  });
}

// Pion's side, built from source with what go.sum names.
export const pion = path.join(folder, "pion_call");
export async function pion_program() {
  const source = path.join(here, "peers", "pion");
  const files = ["main.go", "channels.go", "go.mod", "go.sum"].map((file) => path.join(source, file));
  await once_for("pion", files, async () => {
    await run("go", ["build", "-o", pion, "."], { cwd: source }).catch((error) => {
      throw error.code === "ENOENT" ? new Error("there is no Go; 1.24 or newer is needed") : error;
    });
  });
}

// A WHIP and WHEP server on Pion, likewise.
export const pion_whip = path.join(folder, "pion_whip");
export async function pion_whip_program() {
  const source = path.join(here, "peers", "pion_whip");
  const files = ["main.go", "media.go", "go.mod", "go.sum"].map((file) => path.join(source, file));
  await once_for("pion_whip", files, async () => {
    await run("go", ["build", "-o", pion_whip, "."], { cwd: source }).catch((error) => {
      throw error.code === "ENOENT" ? new Error("there is no Go; 1.24 or newer is needed") : error;
    });
  });
}

// Debian's simple-whip-server, unpacked only: its package wants Debian's Node.js, which may not be the one here.
const unpacked = path.join(folder, "simple-whip-server");
export const simple_whip_server_folder = path.join(unpacked, "usr/share/simple-whip-server/src");
export async function simple_whip_server() {
  await once_for("simple-whip-server", [path.join(here, "package.json")], async () => {
    await mkdir(unpacked, { recursive: true });
    await run("apt-get", ["download", "simple-whip-server"], { cwd: unpacked });
    const [file] = (await readdir(unpacked)).filter((name) => name.endsWith(".deb"));
    await run("dpkg-deb", ["-x", path.join(unpacked, file), unpacked]);
    // There is a link to where the package would have it.
    await rm(path.join(simple_whip_server_folder, "config.js"), { force: true });
    await copyFile(path.join(unpacked, "etc/simple-whip-server/config.js"), path.join(simple_whip_server_folder, "config.js"));
  });
}

// str0m's side, built from source with what Cargo.lock names.
export const str0m = path.join(folder, "str0m", "release", "str0m_call");
export async function str0m_program() {
  const source = path.join(here, "peers", "str0m");
  const files = ["main.rs", "channels.rs", "media.rs"].map((file) => path.join("src", file));
  const all = [...files, "build.rs", "Cargo.toml", "Cargo.lock"].map((file) => path.join(source, file));
  await once_for("str0m", all, async () => {
    const where = ["--target-dir", path.join(folder, "str0m")];
    await run("cargo", ["build", "--release", "--locked", "--quiet", ...where], { cwd: source }).catch((error) => {
      throw error.code === "ENOENT" ? new Error("there is no Rust; 1.85 or newer is needed") : error;
    });
  });
}
