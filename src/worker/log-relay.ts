/**
 * Merges the access logs of the workers into one stream of whole lines. While the reader is slow, the workers' output
 * is not read, and each worker bounds what it keeps.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { AccessLogSink, Logger } from "../observe/mod.ts";

const NEWLINE = 10;
/** Longest line that is kept whole; a longer one is passed on in pieces. */
const LINE_LIMIT_BYTES = 1 << 20;
/** Bytes that may wait before sources are no longer read. */
const FULL_BYTES = 1 << 20;

/** Options of a relay. */
export interface LogRelayOptions {
  /** Takes the lines; usually standard output. */
  readonly sink: AccessLogSink;
  readonly logger: Logger;
  /** Called with `false` when sources must not be read, with `true` when they may be again. */
  readonly pause: (reading: boolean) => void;
}

/** Merges the output of several sources. */
export class LogRelay {
  readonly #options: LogRelayOptions;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #full = false;
  #writing: Promise<void> | null = null;
  #failing = false;

  constructor(options: LogRelayOptions) {
    this.#options = options;
  }

  /** True while sources must not be read. */
  get full(): boolean {
    return this.#full;
  }

  /** Adds a source. The result takes its bytes, and is called without bytes at its end. */
  source(): (bytes?: Uint8Array) => void {
    let rest: Uint8Array[] = [];
    let restBytes = 0;
    const flush = (...more: readonly Uint8Array[]): void => {
      for (const bytes of [...rest, ...more]) this.#add(bytes);
      rest = [];
      restBytes = 0;
    };
    return (bytes) => {
      if (bytes === undefined) {
        // A killed worker may leave half a line; the next line begins on one of its own.
        if (restBytes > 0) flush(Buffer.from([NEWLINE]));
        return;
      }
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end > 0) flush(bytes.subarray(0, end));
      if (end === bytes.length) return;
      rest.push(bytes.subarray(end));
      restBytes += bytes.length - end;
      if (restBytes > LINE_LIMIT_BYTES) flush();
    };
  }

  /** Resolves when all lines so far are written, or after `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, limitMs));
    const done = async (): Promise<void> => {
      while (this.#writing !== null) await this.#writing;
    };
    await Promise.race([done(), limit]);
    clearTimeout(timer);
  }

  #add(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > FULL_BYTES && !this.#full) {
      this.#full = true;
      this.#options.pause(false);
    }
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    const { sink, logger, pause } = this.#options;
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
      this.#waiting = [];
      this.#bytes = 0;
      try {
        await sink(lines);
        this.#failing = false;
      } catch (error) {
        if (!this.#failing) {
          logger.error("cannot write the access log", {
            cause: error instanceof Error ? error.message : String(error),
          });
        }
        this.#failing = true;
      }
      if (this.#full && this.#bytes <= FULL_BYTES / 2) {
        this.#full = false;
        pause(true);
      }
    }
    this.#writing = null;
  }
}
