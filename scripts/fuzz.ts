/**
 * Feeds changed inputs to a parser for a bounded time. By hand:
 *
 *     bun scripts/fuzz.ts --target h1|h2|snippet|pattern|yaml [--seconds 60] [--seed N]
 *     bun scripts/fuzz.ts --target h1 --seed N --case M
 *
 * Input M of seed N is always the same. The first one that fails is made smaller, and printed with how to run it again.
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { random } from "../test/support/random.ts";
import { h1 } from "./fuzz/h1.ts";
import { h2 } from "./fuzz/h2.ts";
import type { FuzzTarget } from "./fuzz/target.ts";
import { pattern, snippet, yaml } from "./fuzz/text.ts";

const TARGETS: Readonly<Record<string, FuzzTarget>> = { h1, h2, snippet, pattern, yaml };
const REPORT_MS = 10_000;
const SHRINK_MS = 20_000;

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const name = option("target") ?? "";
const target = TARGETS[name];
const seconds = Number(option("seconds") ?? 60);
const seed = Number(option("seed") ?? Date.now() % 1_000_000);
if (target === undefined || !(seconds > 0) || !Number.isInteger(seed)) {
  console.error(`fuzz: wanted --target ${Object.keys(TARGETS).join("|")} [--seconds N] [--seed N] [--case N]`);
  process.exit(2);
}

/** Of the case alone, so that it can be run again without those before it. */
const seedOf = (n: number): number => Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca6b);

async function failure(input: Buffer, n: number): Promise<unknown> {
  try {
    await target!.check(input, random(seedOf(n) ^ 1));
    return undefined;
  } catch (error) {
    return error ?? "nothing was thrown";
  }
}

/** Leaves out what is not needed to make it fail. */
async function shrunk(input: Buffer, n: number): Promise<Buffer> {
  const deadline = performance.now() + SHRINK_MS;
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < input.length && performance.now() < deadline;) {
      const less = Buffer.concat([input.subarray(0, at), input.subarray(at + size)]);
      if (await failure(less, n) === undefined) at += size;
      else input = less;
    }
  }
  return input;
}

const only = option("case");
const begun = performance.now();
let reportedMs = begun;
for (let n = Number(only ?? 0);; n++) {
  const input = target.make(random(seedOf(n)));
  const error = await failure(input, n);
  if (error !== undefined) {
    const small = await shrunk(input, n);
    const told = (await failure(small, n)) ?? error;
    console.log(`fuzz ${name}: failed; again by: --target ${name} --seed ${seed} --case ${n}`);
    console.log(told instanceof Error ? told.stack : String(told));
    console.log(`input, ${small.length} of ${input.length} bytes: ${JSON.stringify(small.toString("latin1"))}`);
    process.exit(1);
  }
  const nowMs = performance.now();
  if (nowMs - reportedMs > REPORT_MS) {
    reportedMs = nowMs;
    console.error(`fuzz ${name}: ${n + 1} inputs`);
  }
  if (only === undefined && nowMs - begun < seconds * 1000) continue;
  console.log(`fuzz ${name}: ${only === undefined ? n + 1 : 1} inputs of seed ${seed}, none failed`);
  break;
}
