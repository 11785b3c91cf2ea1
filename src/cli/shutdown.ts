/**
 * Handling of signals. An orderly end: the health check fails, requests in flight finish, then the process ends.
 *
 * @module
 */
import type { LineSink, Logger } from "../observe/mod.ts";
import { IDLE_SIGNALS, runtime, type Signal } from "../runtime/mod.ts";
import { type EndSignal, EXIT_FAILURE, EXIT_OK, exitOfSignal } from "./exit.ts";
import type { Program } from "./program.ts";

/** Options of the shutdown. */
export interface ShutdownOptions {
  readonly program: Program;
  readonly logger: Logger;
  readonly sink: LineSink;
  /** --shutdown-grace-period */
  readonly graceMs: number;
  /** --post-shutdown-grace-period; it does not apply to SIGINT, which comes from a terminal. */
  readonly postGraceMs: number;
}

/**
 * Time in which a different signal does not count as a second one, milliseconds: a terminal sends SIGINT to all its
 * processes, and the script that started the program may then send SIGTERM.
 */
const SAME_EVENT_MS = 1000;
/**
 * Time in which the same signal does not count as a second one, milliseconds: `timeout` and others send it to the
 * process and to its group.
 */
const SAME_SIGNAL_MS = 100;
/** Time for the last log lines to be written, milliseconds. */
const FLUSH_MS = 1000;

/**
 * Resolves when SIGTERM, SIGQUIT or SIGINT has ended the program. A second signal ends the process at once, with the
 * status that shells give for it. SIGHUP reads the manifests again, SIGUSR1 opens log files again.
 *
 * @see https://nginx.org/en/docs/control.html
 */
export function shutdownOnSignal(options: ShutdownOptions): Promise<void> {
  const { program, logger, sink } = options;
  const { onSignal, exit } = runtime();
  onSignal("SIGHUP", () => {
    logger.info("manifests are read again", { signal: "SIGHUP" });
    program.reread();
  });
  onSignal("SIGUSR1", () => {
    logger.info("log files are opened again", { signal: "SIGUSR1" });
    void program.reopenLogs();
  });
  for (const signal of IDLE_SIGNALS) onSignal(signal, () => logger.debug("signal without effect", { signal }));
  return new Promise((resolve) => {
    let first: StopSignal | undefined;
    const leave = (signal: EndSignal): void => {
      if (first !== undefined) {
        if (!isSecondStop(first, { signal, atMs: performance.now() })) return;
        logger.warning("ended at once by a second signal", { signal });
        program.kill();
        void sink.flush(100).then(() => exit(exitOfSignal(signal)));
        return;
      }
      first = { signal, atMs: performance.now() };
      if (!program.serving) {
        logger.info("stopped before serving", { signal });
        program.kill();
        void sink.flush(FLUSH_MS).then(() => exit(EXIT_OK));
        return;
      }
      shutDown(options, signal).then(resolve, (error: unknown) => {
        logger.error("shutdown failed", { error: String(error) });
        program.kill();
        void sink.flush(FLUSH_MS).then(() => exit(EXIT_FAILURE));
      });
    };
    onSignal("SIGTERM", () => leave("SIGTERM"));
    onSignal("SIGQUIT", () => leave("SIGQUIT"));
    onSignal("SIGINT", () => leave("SIGINT"));
  });
}

/** A stop signal and its time. */
interface StopSignal {
  readonly signal: Signal;
  readonly atMs: number;
}

/** True when `next` is a second stop signal, and not a copy of the first one. */
export function isSecondStop(first: StopSignal, next: StopSignal): boolean {
  return next.atMs - first.atMs >= (first.signal === next.signal ? SAME_SIGNAL_MS : SAME_EVENT_MS);
}

async function shutDown(options: ShutdownOptions, signal: EndSignal): Promise<void> {
  const { program, logger, sink, graceMs, postGraceMs } = options;
  const startedAtMs = performance.now();
  logger.info("shutting down", { signal, graceMs });
  program.leave();
  await sleep(graceMs);
  await program.drain();
  if (signal !== "SIGINT") await sleep(postGraceMs);
  await program.close();
  logger.info("ended", { ms: Math.round(performance.now() - startedAtMs) });
  await sink.flush(FLUSH_MS);
}

function sleep(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
