/**
 * Encodes a response body between the exchange and its downstream (gzip, brotli). A small body in one piece is encoded
 * at once, which is much faster; others go through an encoder off the main thread.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { BodyCoding } from "../../http/mod.ts";
import { BodyEncoder, type BodyEncoderSink, brotliOptions, gzipOptions } from "./body-encoder.ts";

/** Largest body that is encoded at once, in well under a millisecond. */
const MAX_WHOLE_BYTES = 16384;
/** Highest brotli level that is fast enough for it. */
const MAX_WHOLE_BROTLI_LEVEL = 5;

/** The exchange, as the encoded body uses it. */
export interface EncodedBodyOwner {
  /** Encoded bytes; `last`: the end of the response follows. `false`: wait for {@link EncodedBody.clientDrained}. */
  writeEncoded(bytes: Uint8Array, last: boolean): boolean;
  /** The encoder takes bytes again. */
  encoderDrained(): void;
  encoderFailed(error: unknown): void;
}

/** Encoded body of one response. */
export class EncodedBody {
  readonly #owner: EncodedBodyOwner;
  readonly #coding: BodyCoding;
  readonly #lengthBytes: number;
  /** Bytes so far, while they may be the whole body. */
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #encoder: BodyEncoder | null = null;
  #paused = false;
  #over = false;
  #done: (() => void) | null = null;

  /** @param lengthBytes length before encoding; -1: unknown */
  constructor(owner: EncodedBodyOwner, coding: BodyCoding, lengthBytes: number) {
    this.#owner = owner;
    this.#coding = coding;
    this.#lengthBytes = lengthBytes;
  }

  /** Takes bytes; `false`: wait for {@link EncodedBodyOwner.encoderDrained}. */
  write(bytes: Uint8Array): boolean {
    const bytesSoFar = this.#heldBytes + bytes.length;
    if (this.#encoder !== null || !this.#mayBeWhole(bytesSoFar)) return this.#stream().write(bytes);
    // a body that came with its end has ended by then
    if (this.#heldBytes === 0) queueMicrotask(this.#waitNoLonger);
    this.#held.push(bytes);
    this.#heldBytes = bytesSoFar;
    return true;
  }

  readonly #waitNoLonger = (): void => {
    if (this.#over || this.#encoder !== null) return;
    try {
      this.#stream();
    } catch (error) {
      this.#owner.encoderFailed(error);
    }
  };

  /** Ends the body; `done` is called when the last encoded byte has been written. */
  end(done: () => void): void {
    if (this.#over) return;
    if (this.#encoder !== null) {
      this.#done = done;
      this.#encoder.end();
      return;
    }
    this.#over = true;
    const body = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
    let encoded: Uint8Array;
    try {
      encoded = encodeWhole(this.#coding, body);
    } catch (error) {
      return this.#owner.encoderFailed(error);
    }
    this.#owner.writeEncoded(encoded, true);
    done();
  }

  clientDrained(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#encoder?.resume();
  }

  destroy(): void {
    this.#over = true;
    this.#encoder?.destroy();
  }

  #mayBeWhole(bytes: number): boolean {
    return bytes <= MAX_WHOLE_BYTES && this.#lengthBytes <= MAX_WHOLE_BYTES &&
      (this.#coding.name === "gzip" || this.#coding.level <= MAX_WHOLE_BROTLI_LEVEL);
  }

  #stream(): BodyEncoder {
    if (this.#encoder !== null) return this.#encoder;
    const owner = this.#owner;
    const sink: BodyEncoderSink = {
      data: (chunk) => this.#encoded(chunk),
      end: () => this.#done?.(),
      drain: () => owner.encoderDrained(),
      error: (error) => owner.encoderFailed(error),
    };
    const encoder = this.#encoder = new BodyEncoder(this.#coding, this.#lengthBytes, sink);
    for (const bytes of this.#held) encoder.write(bytes);
    this.#held.length = 0;
    return encoder;
  }

  #encoded(chunk: Uint8Array): void {
    if (this.#owner.writeEncoded(chunk, false) || this.#paused) return;
    this.#paused = true;
    this.#encoder!.pause();
  }
}

/** Encodes a whole body. */
export function encodeWhole(coding: BodyCoding, body: Uint8Array): Uint8Array {
  return coding.name === "gzip"
    ? gzipSync(body, gzipOptions(coding.level, body.length))
    : brotliCompressSync(body, brotliOptions(coding.level, body.length));
}
