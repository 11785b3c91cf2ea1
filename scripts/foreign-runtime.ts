/**
 * Bun's executable for another machine, from the npm registry, checked against package-lock.json. `bun build` would
 * fetch it from elsewhere, unchecked.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** npm package that holds the runtime of a target. */
const PACKAGES: Readonly<Record<string, string>> = {
  "linux-x64": "@oven/bun-linux-x64",
  "linux-arm64": "@oven/bun-linux-aarch64",
  "darwin-arm64": "@oven/bun-darwin-aarch64",
};

/** Path of the executable; downloads it once. Throws when the registry cannot be reached or sends something else. */
export function runtimeFor(target: string, root: string): string {
  const name = PACKAGES[target] ?? "";
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string; integrity: string } | undefined>;
  };
  const entry = lock.packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`no entry for ${name} in package-lock.json`);

  const cache = join(root, "node_modules", ".cache", "sallyport", `${target}-${entry.version}`);
  const executable = join(cache, "package", "bin", "bun");
  if (existsSync(executable)) return executable;

  const spec = `${name}@${entry.version}`;
  const temporary = `${cache}.new`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  try {
    console.error(`compile: fetching ${spec}`);
    const packed = execFileSync("npm", ["pack", spec, "--silent", "--pack-destination", temporary], {
      encoding: "utf8",
    });
    const archive = join(temporary, packed.trim().split("\n").at(-1) ?? "");
    const digest = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
    if (digest !== entry.integrity) {
      throw new Error(`the archive has ${digest}, package-lock.json wants ${entry.integrity}`);
    }
    execFileSync("tar", ["-xzf", archive, "-C", temporary, "package/bin/bun"]);
    rmSync(archive);
    renameSync(temporary, cache);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot fetch ${spec}, Bun's runtime for ${target}, from the npm registry: ${reason}`);
  }
  return executable;
}
