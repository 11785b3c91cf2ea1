/**
 * A response body that is encoded (gzip, brotli) between the exchange and its transport.
 *
 * @module
 */
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { BodyCoding } from "../../http/mod.ts";
import { BodyEncoder, type BodyEncoderSink } from "../forward/body-encoder.ts";

/** What an encoded body needs of its exchange. */
export interface EncodedBodyOwner {
  /** Encoded bytes; `false`: wait for {@link EncodedBody.clientDrained}. */
  writeEncoded(bytes: Uint8Array): boolean;
  /** The encoder takes bytes again. */
  encoderDrained(): void;
  encoderFailed(error: unknown): void;
}

/** One body. */
export class EncodedBody {
  readonly #owner: EncodedBodyOwner;
  readonly #encoder: BodyEncoder;
  #paused = false;
  #done: (() => void) | null = null;

  /** @param lengthBytes length before encoding; -1 when it is not known */
  constructor(owner: EncodedBodyOwner, coding: BodyCoding, lengthBytes: number) {
    this.#owner = owner;
    const sink: BodyEncoderSink = {
      data: (chunk) => this.#encoded(chunk),
      end: () => this.#done?.(),
      drain: () => owner.encoderDrained(),
      error: (error) => owner.encoderFailed(error),
    };
    this.#encoder = new BodyEncoder(coding, lengthBytes, sink);
  }

  /** Takes bytes; `false`: wait for {@link EncodedBodyOwner.encoderDrained}. */
  write(bytes: Uint8Array): boolean {
    return this.#encoder.write(bytes);
  }

  /** Nothing more comes; `done` is called when the last encoded byte has been written. */
  end(done: () => void): void {
    this.#done = done;
    this.#encoder.end();
  }

  clientDrained(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#encoder.resume();
  }

  destroy(): void {
    this.#encoder.destroy();
  }

  #encoded(chunk: Uint8Array): void {
    if (this.#owner.writeEncoded(chunk) || this.#paused) return;
    this.#paused = true;
    this.#encoder.pause();
  }
}

/** A body that is there as a whole. */
export function encodeWhole(coding: BodyCoding, body: Uint8Array): Uint8Array {
  if (coding.name === "gzip") return gzipSync(body, { level: coding.level });
  return brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: coding.level } });
}
