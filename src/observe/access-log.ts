/**
 * Writes access log lines in blocks: after 64 KB or one second, one write at a time, whole lines only. A request never
 * waits for it. Lines that the reader does not take in time are dropped, counted and reported.
 *
 * @module
 */
import { type Clock, systemClock } from "./clock.ts";
import type { Logger } from "./logger.ts";

const NEWLINE = 10;

/** Takes whole lines; resolves when they are written. */
export type AccessLogSink = (lines: Uint8Array) => Promise<void>;

/** Options of an access log. */
export interface AccessLogOptions {
  readonly sink: AccessLogSink;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Bytes that start a write. Default: 64 KB. */
  readonly bufferBytes?: number;
  /** Longest time before a write, milliseconds. Default: 1000. */
  readonly delayMs?: number;
  /** Bound of the bytes that wait for a slow reader. Default: 8 MB. */
  readonly maxWaitingBytes?: number;
}

/** One stream of lines. */
export class AccessLog {
  readonly #sink: AccessLogSink;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #bufferBytes: number;
  readonly #delayMs: number;
  readonly #maxWaitingBytes: number;
  #waiting = "";
  #writing: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #lost = 0;
  #failing = false;

  constructor(options: AccessLogOptions) {
    this.#sink = options.sink;
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
    this.#bufferBytes = options.bufferBytes ?? 65_536;
    this.#delayMs = options.delayMs ?? 1_000;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? 8 << 20;
  }

  /** Adds a line: one char a byte, without line feed. */
  write(line: string): void {
    if (this.#waiting.length + line.length >= this.#maxWaitingBytes) {
      this.#lost++;
      return;
    }
    this.#waiting += `${line}\n`;
    if (this.#waiting.length >= this.#bufferBytes) this.#send();
    else if (this.#cancelTimer === null) {
      this.#cancelTimer = this.#clock.after(this.#delayMs, () => {
        this.#cancelTimer = null;
        this.#send();
      });
    }
  }

  /** Resolves when all lines so far are written or dropped. */
  async flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#send();
    while (this.#writing !== null) await this.#writing;
  }

  /** Calls `action` when all lines so far are written or dropped; nothing is written until its promise resolves. */
  pause(action: () => Promise<void>): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const lines = this.#take();
    return this.#queue(async () => {
      if (lines.length > 0) await this.#hand(lines);
      await action();
    });
  }

  #send(): void {
    if (this.#writing !== null || this.#waiting === "") return;
    const lines = this.#take();
    void this.#queue(() => this.#hand(lines));
  }

  #take(): Uint8Array {
    const lines = Buffer.from(this.#waiting, "latin1");
    this.#waiting = "";
    return lines;
  }

  /** Runs `work`, which must not reject, after the current work. */
  #queue(work: () => Promise<void>): Promise<void> {
    const done: Promise<void> = (this.#writing === null ? work() : this.#writing.then(work)).then(() => {
      if (this.#writing !== done) return;
      this.#writing = null;
      // lines that came meanwhile are written at once
      this.#send();
    });
    return this.#writing = done;
  }

  async #hand(lines: Uint8Array): Promise<void> {
    try {
      await this.#sink(lines);
      this.#failing = false;
      if (this.#lost > 0) {
        this.#logger.warning("access log lines lost: they were not taken in time, or could not be written", {
          lines: this.#lost,
        });
        this.#lost = 0;
      }
    } catch (error) {
      // some of the lines may have been written
      this.#lost += countLines(lines);
      if (!this.#failing) {
        this.#logger.error("cannot write the access log", {
          cause: error instanceof Error ? error.message : String(error),
        });
      }
      this.#failing = true;
    }
  }
}

function countLines(lines: Uint8Array): number {
  let count = 0;
  for (const byte of lines) if (byte === NEWLINE) count++;
  return count;
}
