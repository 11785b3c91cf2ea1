/**
 * Brings the access logs of several workers into one stream: whole lines only, none torn, none lost while the reader is
 * slow: then the workers are not read, and it is up to them what they keep.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { AccessLogSink, Logger } from "../observe/mod.ts";

const NEWLINE = 10;
/** A "line" that is longer is passed on in pieces rather than kept. */
const LINE_LIMIT_BYTES = 1 << 20;
/** Sources are not read while more than this waits. */
const FULL_BYTES = 1 << 20;

/** What a relay is made with. */
export interface LogRelayOptions {
  /** Standard output, usually. */
  readonly sink: AccessLogSink;
  readonly logger: Logger;
  /** Told `false` when too much waits, `true` when sources may be read again. */
  readonly pause: (reading: boolean) => void;
}

/** Joins the output of several sources. */
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

  /** Sources should not be read now. */
  get full(): boolean {
    return this.#full;
  }

  /** A function that takes the bytes of one source; called with nothing at its end. */
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
        // A worker that was killed in the middle of a line: the next line has to begin on one of its own.
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

  /** Resolves when all so far is written, at the latest after `limitMs`. */
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
