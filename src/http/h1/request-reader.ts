/**
 * Requests of one connection: bytes in, head and pieces of body out, wherever the bytes are split. No sockets.
 *
 * @module
 */
import { latin1Text } from "../latin1.ts";
import { ChunkedTracker } from "./chunked.ts";
import type { HeadError } from "./head.ts";
import { CHUNKED, RequestHead, type RequestLimits } from "./request-head.ts";

/** More bytes are needed; all were taken. */
export const INCOMPLETE = -1;
/** What was read is refused. */
export const REFUSED = -2;

/** Reads a request, then, after {@link RequestReader.next}, the one after it. */
export class RequestReader {
  readonly head: RequestHead;
  /** Start and end of each piece of body data in the last buffer, in pairs. */
  data: readonly number[] = [];
  /** The body has been read whole. */
  bodyDone = true;
  /** Bytes of body received so far, framing included. */
  bodyBytesRead = 0;
  error: HeadError | null = null;
  /** Bytes of a head that is not complete. */
  #pending = "";
  #left = 0;
  #chunked: ChunkedTracker | null = null;
  readonly #range: number[] = [0, 0];

  constructor(head: RequestHead) {
    this.head = head;
  }

  /** Some bytes of the next head have arrived. */
  get started(): boolean {
    return this.#pending !== "";
  }

  /** Trailer lines, each with CRLF; empty without. Known when the body is done. */
  get trailers(): string {
    return this.head.bodyBytes === CHUNKED && this.#chunked !== null ? this.#chunked.trailers : "";
  }

  /** Data of the body so far. */
  get dataBytes(): number {
    if (this.head.bodyBytes === CHUNKED) return this.#chunked === null ? 0 : this.#chunked.dataBytes;
    return this.head.bodyBytes - this.#left;
  }

  /** Forgets the request that was read. */
  next(): void {
    this.head.reset();
    this.#pending = "";
    this.bodyDone = true;
    this.bodyBytesRead = 0;
    this.data = [];
    this.error = null;
  }

  /** Reads the head from `bytes`, from `at` on. Returns the offset after it, {@link INCOMPLETE} or {@link REFUSED}. */
  readHead(bytes: Uint8Array, at: number, limits: RequestLimits): number {
    // a head is never longer than its limit: what follows in the buffer is not made text
    const end = Math.min(bytes.length, at + limits.maxHeadBytes + 1);
    const before = this.#pending.length;
    let text = latin1Text(bytes, at, end);
    if (before > 0) {
      const full = this.#pending + text;
      // A head ends, and turns wrong, at a line end: between them there is nothing to look at.
      if (full.length <= limits.maxLineBytes && !text.includes("\n") && !text.includes("\0")) {
        this.#pending = full;
        return INCOMPLETE;
      }
      text = full;
    }
    const length = this.head.parse(text, limits);
    if (length > 0) {
      this.#pending = "";
      this.#begin();
      return at + length - before;
    }
    if (length < 0) {
      this.error = this.head.error;
      return REFUSED;
    }
    this.#pending = text;
    return INCOMPLETE;
  }

  #begin(): void {
    const { bodyBytes } = this.head;
    this.bodyDone = bodyBytes === 0;
    if (bodyBytes === CHUNKED) {
      this.#chunked ??= new ChunkedTracker();
      this.#chunked.reset();
    } else this.#left = bodyBytes;
  }

  /**
   * Reads body from `bytes`, from `at` on; {@link RequestReader.data} tells where the data is. Returns the offset after what
   * belongs to the body, or {@link REFUSED}.
   */
  readBody(bytes: Uint8Array, at: number): number {
    if (this.head.bodyBytes === CHUNKED) return this.#readChunks(bytes, at);
    const end = Math.min(bytes.length, at + this.#left);
    this.#range[0] = at;
    this.#range[1] = end;
    this.data = this.#range;
    this.#left -= end - at;
    this.bodyBytesRead += end - at;
    if (this.#left === 0) this.bodyDone = true;
    return end;
  }

  #readChunks(bytes: Uint8Array, at: number): number {
    const chunked = this.#chunked!;
    const end = chunked.feed(bytes, at, bytes.length);
    this.data = chunked.data;
    if (chunked.error !== null) {
      this.error = { kind: "malformed", message: chunked.error, offset: this.bodyBytesRead + end - at };
      return REFUSED;
    }
    this.bodyBytesRead += end - at;
    if (chunked.done) this.bodyDone = true;
    return end;
  }
}
