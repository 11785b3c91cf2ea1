/**
 * Compiles src/cli/entry.ts to one executable for each target, stamps the version, and proves on Linux that it needs nothing but
 * libc. Called by compile.sh.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { neededLibraries } from "./elf.ts";
import { runtimeFor } from "./foreign-runtime.ts";

/** Our name of a target, and Bun's. */
const TARGETS: Readonly<Record<string, string>> = {
  "linux-x64": "bun-linux-x64",
  "linux-arm64": "bun-linux-arm64",
  "darwin-arm64": "bun-darwin-arm64",
};

/** What the C library consists of, on the two processors. */
const LIBC = /^(lib(c|m|dl|pthread|rt)\.so\.\d+|ld-linux-(x86-64|aarch64)\.so\.\d+)$/;

const root = join(import.meta.dirname, "..");
const host = `${process.platform}-${process.arch}`;

function version(): string {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const dirty = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "-dirty";
    return `${version}+${git("rev-parse", "--short=9", "HEAD")}${dirty}`;
  } catch {
    return version; // not a checkout
  }
}

function compile(target: string, file: string): void {
  // Made beside its place and renamed, so that a running executable is not written to. Its name stays in it.
  const folder = join(dirname(file), `.new-${process.pid}`);
  const temporary = join(folder, basename(file));
  mkdirSync(folder, { recursive: true });
  const machine = target === host
    // Byte code shortens the start from 52 to 23 ms; made for this machine only, where the tests run it.
    ? ["--bytecode", "--format=esm"]
    : [`--target=${TARGETS[target]}`, `--compile-executable-path=${runtimeFor(target, root)}`];
  try {
    const build = spawnSync(process.execPath, [
      "build",
      "src/cli/entry.ts",
      "--compile",
      // Pieces that are loaded when they are asked for: the first one holds signals after some 10 ms, not 30.
      "--splitting",
      "--minify",
      // Names of classes and functions stand in log lines and stacks.
      "--keep-names",
      // Stacks tell file and line of the source; costs 1 MB and no time.
      "--sourcemap",
      // A proxy takes no settings from files that happen to lie in the folder it is started in.
      "--no-compile-autoload-dotenv",
      "--no-compile-autoload-bunfig",
      `--define=SALLYPORT_VERSION=${JSON.stringify(version())}`,
      ...machine,
      `--outfile=${temporary}`,
    ], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    if (build.status !== 0) throw new Error(`bun build failed for ${target}`);
    if (target.startsWith("linux-")) checkLibraries(temporary);
    renameSync(temporary, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function checkLibraries(file: string): void {
  const others = neededLibraries(readFileSync(file)).filter((name) => !LIBC.test(name));
  if (others.length === 0) return;
  throw new Error(`the executable needs libraries beside libc: ${others.join(", ")}`);
}

const wanted = process.argv.slice(2);
for (const target of wanted) {
  if (TARGETS[target] === undefined) {
    console.error(`compile: unknown target "${target}", wanted one of ${Object.keys(TARGETS).join(", ")}`);
    process.exit(2);
  }
}
mkdirSync(join(root, "dist"), { recursive: true });
try {
  for (const target of wanted.length === 0 ? [host] : wanted) {
    const file = join("dist", wanted.length === 0 ? "sallyport" : `sallyport-${target}`);
    compile(target, join(root, file));
    const bytes = readFileSync(join(root, file));
    console.log(
      `${file}  ${(bytes.length / 1e6).toFixed(1)} MB  sha256 ${createHash("sha256").update(bytes).digest("hex")}`,
    );
  }
} catch (error) {
  console.error(`compile: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
