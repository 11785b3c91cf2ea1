/**
 * Brings the access logs of several workers into one stream: whole lines only, none torn, none lost while the reader is
 * slow.
 *
 * @module
 */
import { Buffer } from "node:buffer";

const NEWLINE = 10;
/** A "line" that is longer is passed on in pieces rather than kept. */
const LINE_LIMIT_BYTES = 1 << 20;

/** Where the lines go: standard output, usually. */
export interface LogStream {
  write(bytes: Uint8Array): boolean;
  once(event: "drain", listener: () => void): unknown;
}

/** Joins the output of several sources. */
export class LogRelay {
  readonly #stream: LogStream;
  readonly #pause: (reading: boolean) => void;
  #full = false;

  /** @param pause told `false` when the stream is full, `true` when it takes lines again */
  constructor(stream: LogStream, pause: (reading: boolean) => void) {
    this.#stream = stream;
    this.#pause = pause;
  }

  /** The stream is full. */
  get full(): boolean {
    return this.#full;
  }

  /** A function that takes the bytes of one source; called with nothing at its end. */
  source(): (bytes?: Uint8Array) => void {
    let rest: Uint8Array | undefined;
    return (bytes) => {
      if (bytes === undefined) {
        if (rest !== undefined) this.#write(Buffer.concat([rest, Buffer.from([NEWLINE])]));
        rest = undefined;
        return;
      }
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end === 0 && (rest?.length ?? 0) + bytes.length < LINE_LIMIT_BYTES) {
        rest = rest === undefined ? bytes : Buffer.concat([rest, bytes]);
        return;
      }
      const lines = end === 0 ? bytes : bytes.subarray(0, end);
      this.#write(rest === undefined ? lines : Buffer.concat([rest, lines]));
      rest = end === 0 || end === bytes.length ? undefined : bytes.subarray(end);
    };
  }

  #write(bytes: Uint8Array): void {
    if (this.#stream.write(bytes) || this.#full) return;
    this.#full = true;
    this.#pause(false);
    this.#stream.once("drain", () => {
      this.#full = false;
      this.#pause(true);
    });
  }
}
