/**
 * Signals that must not end a server. The module has almost no imports, because it is the first one that runs.
 *
 * @module
 */
import process from "node:process";
import type { Signal } from "./runtime.ts";

/**
 * Signals that mean nothing to this program and would end it: those of pipes, timers and limits, and the upgrade signal
 * of other servers.
 */
export const IDLE_SIGNALS: readonly Signal[] = [
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
  "SIGVTALRM",
  "SIGPROF",
  "SIGIO",
  "SIGXFSZ",
];

/**
 * Signals of the control process. Before it handles SIGHUP and SIGUSR1, no manifest is read and no log file open that
 * they could concern.
 */
export const CONTROL_SIGNALS: readonly Signal[] = ["SIGHUP", "SIGUSR1", ...IDLE_SIGNALS];

/**
 * Signals of a worker. The control process ends workers, but terminals and service managers signal the whole process
 * group.
 */
export const WORKER_SIGNALS: readonly Signal[] = ["SIGINT", "SIGTERM", "SIGQUIT", ...CONTROL_SIGNALS];

/** Makes the signals have no effect; listeners can still be added. */
export function holdSignals(signals: readonly Signal[]): void {
  for (const signal of signals) process.on(signal, () => {});
}
