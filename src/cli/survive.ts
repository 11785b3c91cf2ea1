/**
 * The last net: an exception that nobody caught costs its request, not the proxy.
 *
 * @module
 */
import process from "node:process";
import { countUncaughtError, type Logger } from "../observe/mod.ts";

/** Kinds of exceptions that are remembered; beyond it, only a count is logged. */
const MAX_KINDS = 100;
/** An exception of a known kind is logged again when its count is a power of ten. */
const isRoundCount = (n: number): boolean => /^10+$/.test(String(n));

/** Counts uncaught exceptions and rejections, and logs each kind once, then at its tenth, hundredth, ... time. */
export function surviveExceptions(logger: Logger): void {
  const counts = new Map<string, number>();
  const tell = (error: unknown): void => {
    countUncaughtError();
    const stack = error instanceof Error ? error.stack ?? error.message : String(error);
    const kind = stack.split("\n", 3).join(" ");
    const known = counts.has(kind) || counts.size < MAX_KINDS ? kind : "other";
    const count = (counts.get(known) ?? 0) + 1;
    counts.set(known, count);
    if (count === 1 || isRoundCount(count)) logger.error("internal error: please report it", { count, stack });
  };
  // A reader of the access log that went away is no reason to end.
  process.stdout.on("error", () => {});
  process.on("uncaughtException", tell);
  process.on("unhandledRejection", tell);
}
