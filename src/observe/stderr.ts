/**
 * Standard error as a place for log lines: never blocks the program, never grows without bound.
 *
 * @module
 */
import process from "node:process";
import type { LogFormat } from "./text-logger.ts";
import { createLogger } from "./text-logger.ts";
import type { Logger, LogLevel } from "./logger.ts";

/** Text waiting for a reader that does not read: more is dropped, and the number of lost lines told later. */
const MAX_PENDING_BYTES = 1 << 20;

/** Where whole lines go. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when everything written so far has been handed to the system, at the latest after `limitMs`. */
  flush(limitMs: number): Promise<void>;
}

/** A stream as {@link lineSink} needs it. */
export interface LineStream {
  write(text: string, done: () => void): unknown;
}

/** Lines to `stream`; what it does not take in time is dropped, and the loss is told when it takes text again. */
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

/** A logger on standard error, which `stream` writes to without keeping the program waiting. */
export function stderrLogger(
  format: LogFormat,
  level: LogLevel,
  stream: LineStream,
): { readonly logger: Logger; readonly sink: LineSink } {
  // A reader that went away (EPIPE) must not end the proxy.
  process.stderr.on("error", () => {});
  const sink = lineSink(stream);
  const colour = format === "text" && process.stderr.isTTY === true && !process.env["NO_COLOR"];
  return { logger: createLogger({ format, level, colour, write: sink.write }), sink };
}
