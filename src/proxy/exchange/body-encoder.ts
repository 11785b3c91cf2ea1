/**
 * Encodes a response body with gzip or brotli, and flushes after each piece, so that no byte waits in the encoder.
 *
 * @module
 */
import * as zlib from "node:zlib";
import type { BodyCoding } from "../../http/mod.ts";

/** Takes the encoded bytes. */
export interface BodyEncoderSink {
  data(chunk: Uint8Array): void;
  /** After the last {@link BodyEncoderSink.data}. */
  end(): void;
  /** Called after {@link BodyEncoder.write} returned false, when it takes bytes again. */
  drain(): void;
  /** An error of the encoder, or an exception of a function above. */
  error(error: unknown): void;
}

/** Encoder of one body. */
export class BodyEncoder {
  readonly #stream: zlib.Gzip | zlib.BrotliCompress;

  /** @param lengthBytes length of the body before encoding; -1: unknown */
  constructor(coding: BodyCoding, lengthBytes: number, sink: BodyEncoderSink) {
    const { constants } = zlib;
    this.#stream = coding.name === "gzip"
      ? zlib.createGzip({ ...gzipOptions(coding.level, lengthBytes), flush: constants.Z_SYNC_FLUSH })
      : zlib.createBrotliCompress({
        ...brotliOptions(coding.level, lengthBytes),
        flush: constants.BROTLI_OPERATION_FLUSH,
      });
    // Exceptions in events of the encoder are caught here.
    const guarded = (action: () => void): void => {
      try {
        action();
      } catch (error) {
        sink.error(error);
      }
    };
    this.#stream.on("data", (chunk: Uint8Array) => guarded(() => sink.data(chunk)));
    this.#stream.on("end", () => guarded(() => sink.end()));
    this.#stream.on("drain", () => guarded(() => sink.drain()));
    this.#stream.on("error", (error) => sink.error(error));
  }

  /** `false`: wait for {@link BodyEncoderSink.drain}. The chunk is taken in any case. */
  write(chunk: Uint8Array): boolean {
    return this.#stream.write(chunk);
  }

  end(): void {
    this.#stream.end();
  }

  /** The client is slow: no bytes are passed on until {@link BodyEncoder.resume}, and `write` soon returns false. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Ends the encoder; no more bytes are passed on. */
  destroy(): void {
    this.#stream.removeAllListeners("data").removeAllListeners("end").removeAllListeners("drain");
    this.#stream.destroy();
  }
}

/** Options of gzip; a small body gets a small window, and so little memory. @param lengthBytes -1: unknown */
export function gzipOptions(level: number, lengthBytes: number): zlib.ZlibOptions {
  if (lengthBytes < 0) return { level };
  const windowBits = windowFor(lengthBytes + 262, 9, 15);
  return { level, windowBits, memLevel: Math.min(8, windowBits - 7) };
}

/** Options of brotli; the window is at most 512 KiB, as in nginx's module. @param lengthBytes -1: unknown */
export function brotliOptions(level: number, lengthBytes: number): zlib.BrotliOptions {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  const params: Record<number, number> = { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_LGWIN]: 19 };
  if (lengthBytes >= 0) {
    params[BROTLI_PARAM_LGWIN] = windowFor(lengthBytes + 17, 10, 19);
    params[BROTLI_PARAM_SIZE_HINT] = Math.min(lengthBytes, 2 ** 30);
  }
  return { params };
}

/** Bits of the smallest window for `bytes`. */
function windowFor(bytes: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, Math.ceil(Math.log2(bytes))));
}
