/**
 * Runs the behaviour cases that test/conformance/reached.txt names against dist/sallyport or another command.
 *
 *     bun scripts/conformance.ts [--runtime "deno run -A mod.ts"] [--json FILE] [--verbose] [AREA|GROUP|CASE ...]
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { filterOf, parseReached } from "./reached.ts";

/** Options of the runner that are passed on, with whether a value follows. */
const PASSED: Readonly<Record<string, boolean>> = {
  "--json": true,
  "--jobs": true,
  "--verbose": false,
  "--list": false,
};

const root = join(import.meta.dirname, "..");

/** Cases run in a folder of their own, so the runtimes of node_modules are named by their place. */
function absolute(command: string): string {
  return command.replace(/^deno(?= )/, join(root, "node_modules", "deno", "deno"))
    .replace(/^bun(?= )/, process.execPath);
}

const conformance = join(root, "test", "conformance");
const only: string[] = [];
const passed: string[] = [];
let subject = ["--bin", join(root, "dist", "sallyport")];

const args = process.argv.slice(2);
for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
  const value = PASSED[arg];
  if (arg === "--runtime") subject = ["--runtime", absolute(args.shift() ?? "")];
  else if (value !== undefined) passed.push(arg, ...(value ? [args.shift() ?? ""] : []));
  else if (!arg.startsWith("-")) only.push(arg.replace(/\/$/, ""));
  else {
    console.error(`conformance: unknown option "${arg}"`);
    process.exit(2);
  }
}

const filter = filterOf(parseReached(readFileSync(join(conformance, "reached.txt"), "utf8")), only);
const run = spawnSync(process.execPath, [join(conformance, "run.ts"), ...subject, "--filter", filter, ...passed], {
  cwd: root,
  stdio: "inherit",
});
process.exit(run.status ?? 1);
