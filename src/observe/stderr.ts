/**
 * Log lines on standard error: writing never blocks the program, and what waits is bounded.
 *
 * @module
 */
import process from "node:process";
import type { LogFormat } from "./text-logger.ts";
import { createLogger } from "./text-logger.ts";
import type { Logger, LogLevel } from "./logger.ts";

/** Bound of the text that waits for a slow reader; lines beyond it are dropped, and their number is logged later. */
const MAX_PENDING_BYTES = 1 << 20;

/** Takes whole lines. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when all lines so far have been passed to the system, or after `limitMs`. */
  flush(limitMs: number): Promise<void>;
}

/** Part of a stream that {@link lineSink} uses. */
export interface LineStream {
  write(text: string, done: () => void): unknown;
}

/**
 * Writes lines to `stream`. Lines that it does not take in time are dropped, and their number is written when it takes
 * text again.
 */
export function lineSink(stream: LineStream, maxPendingBytes: number = MAX_PENDING_BYTES): LineSink {
  let pending = 0;
  let lost = 0;
  let waiting: (() => void)[] = [];
  const send = (text: string): void => {
    pending += text.length;
    stream.write(text, () => {
      pending -= text.length;
      if (lost > 0 && pending < maxPendingBytes / 2) {
        const count = lost;
        lost = 0;
        send(`${count} log lines lost: standard error was not read\n`);
      }
      if (pending > 0) return;
      for (const resolve of waiting.splice(0)) resolve();
    });
  };
  return {
    write: (line) => {
      if (pending + line.length > maxPendingBytes) lost++;
      else send(line);
    },
    flush: (limitMs) => {
      if (pending === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(done, limitMs);
        function done(): void {
          clearTimeout(timer);
          waiting = waiting.filter((f) => f !== done);
          resolve();
        }
        waiting.push(done);
      });
    },
  };
}

/** A logger that writes to standard error by `stream`, which never blocks. */
export function stderrLogger(
  format: LogFormat,
  level: LogLevel,
  stream: LineStream,
): { readonly logger: Logger; readonly sink: LineSink } {
  // The process goes on when the reader of standard error has gone (EPIPE).
  process.stderr.on("error", () => {});
  const sink = lineSink(stream);
  const colour = format === "text" && process.stderr.isTTY === true && !process.env["NO_COLOR"];
  return { logger: createLogger({ format, level, colour, write: sink.write }), sink };
}
