/**
 * Reads the requests of one connection: bytes in, heads and pieces of bodies out, wherever the bytes are split. No
 * sockets.
 *
 * @module
 */
import { latin1Text } from "../latin1.ts";
import { ChunkedTracker } from "./chunked.ts";
import type { HeadError } from "./head.ts";
import { CHUNKED, RequestHead, type RequestLimits } from "./request-head.ts";

/** All bytes were read, and more are needed. */
export const INCOMPLETE = -1;
/** The request or its body is refused. */
export const REFUSED = -2;

const NO_DATA: readonly number[] = [];

/** Reads one request; {@link RequestReader.next} prepares for the next one. */
export class RequestReader {
  readonly head: RequestHead;
  /** Start and end of each piece of body data in the last buffer, in pairs. */
  data: readonly number[] = NO_DATA;
  /** The body has been read whole. */
  bodyDone = true;
  /** Bytes of body received so far, framing included. */
  bodyBytesRead = 0;
  error: HeadError | null = null;
  /** Bytes of an incomplete head. */
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

  /** Trailer lines, each with CRLF; empty when there are none. Complete when the body is. */
  get trailers(): string {
    return this.head.bodyBytes === CHUNKED && this.#chunked !== null ? this.#chunked.trailers : "";
  }

  /** Bytes of body data so far. */
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
    this.data = NO_DATA;
    this.error = null;
  }

  /**
   * Reads the head from `bytes`, beginning at `at`. Returns the offset after it, {@link INCOMPLETE} or {@link REFUSED}.
   */
  readHead(bytes: Uint8Array, at: number, limits: RequestLimits): number {
    // bytes beyond the limit of a head are not converted to text
    const end = Math.min(bytes.length, at + (limits.hosts?.mostBytes ?? limits.maxHeadBytes) + 1);
    const before = this.#pending.length;
    let text = latin1Text(bytes, at, end);
    if (before > 0) {
      const full = this.#pending + text;
      // Only a line end can complete a head or make it malformed, so bytes without one are not parsed yet.
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
   * Reads the body from `bytes`, beginning at `at`; {@link RequestReader.data} holds the ranges of its data. Returns
   * the offset after the body, or {@link REFUSED}.
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
