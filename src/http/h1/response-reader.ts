/**
 * Reads the responses of one upstream connection: bytes in, heads and pieces of bodies out, wherever the bytes are
 * split. No sockets.
 *
 * @module
 */
import { latin1Text } from "../latin1.ts";
import { hasResponseBody } from "../status.ts";
import { ChunkedTracker } from "./chunked.ts";
import type { HeadError } from "./head.ts";
import { CHUNKED } from "./request-head.ts";
import { INCOMPLETE, REFUSED } from "./request-reader.ts";
import { type ResponseHead, UNTIL_CLOSE } from "./response-head.ts";

/** Reads one response; {@link ResponseReader.next} prepares for the next one. */
export class ResponseReader {
  head: ResponseHead;
  /** Body length; 0: no body; or {@link CHUNKED}, {@link UNTIL_CLOSE}. */
  bodyBytes = 0;
  /** Start and end of each piece of body data in the last buffer, in pairs. */
  data: readonly number[] = [];
  /**
   * Start and end of each part that can be passed on with its framing, in pairs; the same as the data but for a chunked
   * body.
   */
  kept: readonly number[] = [];
  bodyDone = false;
  /** Bytes of body data so far. */
  dataBytes = 0;
  error: HeadError | null = null;
  /** Number of interim responses before the one that is being read. */
  interims = 0;
  #pending = "";
  #left = 0;
  #chunked: ChunkedTracker | null = null;
  readonly #range: number[] = [0, 0];

  constructor(head: ResponseHead) {
    this.head = head;
  }

  /** Some bytes of a head have arrived. */
  get started(): boolean {
    return this.#pending !== "";
  }

  /** Trailer lines, each with CRLF; empty when there are none. Complete when the body is. */
  get trailers(): string {
    return this.bodyBytes === CHUNKED && this.#chunked !== null ? this.#chunked.trailers : "";
  }

  /** Prepares for the response to the next request on the connection. */
  next(): void {
    this.head.reset();
    this.#pending = "";
    this.bodyBytes = 0;
    this.bodyDone = false;
    this.dataBytes = 0;
    this.error = null;
    this.interims = 0;
  }

  /** Prepares for the next response to the same request, after an interim one. */
  nextAfterInterim(): void {
    const interims = this.interims + 1;
    this.next();
    this.interims = interims;
  }

  /**
   * Reads the head from `bytes`, beginning at `at`. Returns the offset after it, {@link INCOMPLETE} or {@link REFUSED}.
   */
  readHead(bytes: Uint8Array, at: number, maxBytes: number, toHead: boolean): number {
    const end = Math.min(bytes.length, at + maxBytes + 1);
    const before = this.#pending.length;
    let text = latin1Text(bytes, at, end);
    if (before > 0) {
      const full = this.#pending + text;
      if (full.length <= maxBytes && before >= 9 && !text.includes("\n")) {
        this.#pending = full;
        return INCOMPLETE;
      }
      text = full;
    }
    const length = this.head.parse(text, maxBytes);
    if (length > 0) {
      this.#pending = "";
      this.#begin(toHead);
      return at + length - before;
    }
    if (length < 0) {
      this.error = this.head.error;
      return REFUSED;
    }
    this.#pending = text;
    return INCOMPLETE;
  }

  #begin(toHead: boolean): void {
    const { head } = this;
    this.bodyBytes = toHead || !hasResponseBody(head.status) ? 0 : head.bodyBytes;
    this.bodyDone = this.bodyBytes === 0;
    this.dataBytes = 0;
    if (this.bodyBytes === CHUNKED) {
      this.#chunked ??= new ChunkedTracker();
      this.#chunked.reset();
    } else this.#left = this.bodyBytes === UNTIL_CLOSE ? Infinity : this.bodyBytes;
  }

  /** Reads the body from `bytes`, beginning at `at`. Returns the offset after the body, or {@link REFUSED}. */
  readBody(bytes: Uint8Array, at: number): number {
    if (this.bodyBytes === CHUNKED) return this.#readChunks(bytes, at);
    const end = Math.min(bytes.length, at + this.#left);
    this.#range[0] = at;
    this.#range[1] = end;
    this.data = this.#range;
    this.kept = this.#range;
    this.#left -= end - at;
    this.dataBytes += end - at;
    if (this.#left === 0) this.bodyDone = true;
    return end;
  }

  #readChunks(bytes: Uint8Array, at: number): number {
    const chunked = this.#chunked!;
    const end = chunked.feed(bytes, at, bytes.length);
    this.data = chunked.data;
    this.kept = chunked.kept;
    this.dataBytes = chunked.dataBytes;
    if (chunked.error !== null) {
      this.error = { kind: "malformed", message: chunked.error, offset: end };
      return REFUSED;
    }
    if (chunked.done) this.bodyDone = true;
    return end;
  }

  /** The connection has ended. Returns true when that completes the body. */
  endOfStream(): boolean {
    if (this.bodyBytes === UNTIL_CLOSE && !this.bodyDone) this.bodyDone = true;
    return this.bodyDone;
  }
}
