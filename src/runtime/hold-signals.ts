/**
 * Signals that must not end a server. A module with hardly an import of its own: it is the first one that is run.
 *
 * @module
 */
import process from "node:process";
import type { Signal } from "./runtime.ts";

/** They ask for nothing here, and would end the process: those of pipes, timers and limits, and another server's upgrade. */
export const IDLE_SIGNALS: readonly Signal[] = [
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
  "SIGVTALRM",
  "SIGPROF",
  "SIGIO",
  "SIGXFSZ",
];

/** The control process: nothing is read, and no file open, that SIGHUP and SIGUSR1 could concern before it listens to them. */
export const CONTROL_SIGNALS: readonly Signal[] = ["SIGHUP", "SIGUSR1", ...IDLE_SIGNALS];

/** A worker: its end is the control process's business, while a terminal or a service manager sends signals to the whole group. */
export const WORKER_SIGNALS: readonly Signal[] = ["SIGINT", "SIGTERM", "SIGQUIT", ...CONTROL_SIGNALS];

/** From now on these have no effect; listeners may be added. */
export function holdSignals(signals: readonly Signal[]): void {
  for (const signal of signals) process.on(signal, () => {});
}
