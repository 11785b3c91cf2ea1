/**
 * Runs every check and test of the project, one after the other, and sums them up. Called by test.sh.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Count, countOf } from "./test-count.ts";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Whose sum to read from the output; without it the step counts as one test. */
  readonly counts?: "bun" | "deno" | "cases";
  readonly slow?: boolean;
}

const STEP_LIMIT_MS = 15 * 60_000;

const root = join(import.meta.dirname, "..");
const bun = process.execPath;
const deno = join(root, "node_modules", "deno", "deno");
const tsc = join(root, "node_modules", ".bin", "tsc");

function existing(...folders: readonly string[]): string[] {
  return folders.map((folder) => `test/${folder}`).filter((folder) => existsSync(join(root, folder)));
}

const STEPS: readonly Step[] = [
  { name: "format", command: [deno, "fmt", "--check"] },
  { name: "lint", command: [deno, "lint"] },
  { name: "types", command: [tsc, "-p", "."] },
  { name: "types-conformance", command: [tsc, "-p", "test/conformance"] },
  { name: "import-rules", command: [bun, "scripts/import-rules.ts"] },
  { name: "exported-types", command: [bun, "scripts/exported-types.ts"] },
  { name: "cases-well-formed", command: [bun, "scripts/conformance.ts", "--list"] },
  {
    name: "unit",
    command: [bun, "test", "--only-failures", ...existing("unit", "golden", "wire", "feature")],
    counts: "bun",
  },
  { name: "consumer", command: [bun, "scripts/consumer.ts"], slow: true },
  { name: "property", command: [bun, "test", "--only-failures", ...existing("property")], counts: "bun", slow: true },
  { name: "storm", command: [bun, "test", "--timeout", "180000", "test/storm"], counts: "bun", slow: true },
  {
    name: "deno",
    // Types have been checked above, once for both.
    command: [
      deno,
      "test",
      "-A",
      "--no-check",
      "--reporter=dot",
      ...existing("unit", "golden", "wire", "feature", "property"),
    ],
    counts: "deno",
    slow: true,
  },
  { name: "compile", command: ["./compile.sh"], slow: true },
  { name: "cases", command: [bun, "scripts/conformance.ts"], counts: "cases", slow: true },
  {
    name: "cases-deno",
    command: [bun, "scripts/conformance.ts", "--runtime", "deno run -A mod.ts", "seed", "ingress", "manifests"],
    counts: "cases",
    slow: true,
  },
];

const args = process.argv.slice(2);
const quick = args.includes("--quick");
const chosen = args.filter((arg) => arg !== "--quick");
for (const name of chosen) {
  if (STEPS.some((step) => step.name === name)) continue;
  console.error(`test: unknown step "${name}", wanted one of ${STEPS.map((step) => step.name).join(", ")}`);
  process.exit(2);
}

/** Runs a step, shows what it says, and returns how it came out. A step that fails without a failed test counts as one. */
async function run(step: Step): Promise<Count> {
  const [command = "", ...rest] = step.command;
  const child = spawn(command, rest, {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: STEP_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output.push(text);
      process.stdout.write(text);
    });
  }
  const ok = await new Promise<boolean>((resolve) => {
    child.on("error", (error) => {
      console.error(`test: cannot run ${command}: ${error.message}`);
      resolve(false);
    });
    child.on("close", (code) => resolve(code === 0));
  });
  const count = step.counts === undefined ? null : countOf(step.counts, output.join(""));
  if (count === null) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
  return ok || count.failed > 0 ? count : { ...count, failed: 1 };
}

let sum: Count = { passed: 0, failed: 0, skipped: 0 };
const report: string[] = [];
for (const step of STEPS) {
  if (chosen.length > 0 ? !chosen.includes(step.name) : quick && step.slow === true) continue;
  console.log(`\n=== ${step.name}`);
  const start = performance.now();
  const { passed, failed, skipped } = await run(step);
  sum = { passed: sum.passed + passed, failed: sum.failed + failed, skipped: sum.skipped + skipped };
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  report.push(
    `${failed === 0 ? "ok    " : "FAILED"} ${step.name}: ${passed} of ${passed + failed} passed, ${seconds} s`,
  );
}
console.log(`\n${report.join("\n")}\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exit(sum.failed === 0 ? 0 : 1);
