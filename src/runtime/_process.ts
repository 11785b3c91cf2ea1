/**
 * Functions of `node:process` that work alike on both runtimes.
 *
 * @module
 */
import process from "node:process";
import type { Runtime, Signal } from "./runtime.ts";

/** The part of {@link Runtime} that both share. */
export const PROCESS: Pick<Runtime, "args" | "exit" | "residentBytes" | "onSignal"> = {
  args: () => process.argv.slice(2),
  exit: (code: number): never => process.exit(code),
  residentBytes: () => process.memoryUsage.rss(),
  onSignal: (signal: Signal, listener: () => void) => {
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  },
};
