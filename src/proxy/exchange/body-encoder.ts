/**
 * Encodes a response body on its way: gzip or brotli, each piece flushed when it comes so that nothing waits in here.
 *
 * @module
 */
import * as zlib from "node:zlib";
import type { BodyCoding } from "../../http/mod.ts";

/** Takes what comes out. */
export interface BodyEncoderSink {
  data(chunk: Uint8Array): void;
  /** After the last {@link BodyEncoderSink.data}. */
  end(): void;
  /** After {@link BodyEncoder.write} said no: go on. */
  drain(): void;
  /** Of the encoder, or thrown by one of the above. */
  error(error: unknown): void;
}

/** One body. */
export class BodyEncoder {
  readonly #stream: zlib.Gzip | zlib.BrotliCompress;

  /** @param lengthBytes length of the body as it comes, when known; -1 otherwise */
  constructor(coding: BodyCoding, lengthBytes: number, sink: BodyEncoderSink) {
    const { constants } = zlib;
    this.#stream = coding.name === "gzip"
      ? zlib.createGzip({ ...gzipOptions(coding.level, lengthBytes), flush: constants.Z_SYNC_FLUSH })
      : zlib.createBrotliCompress({
        ...brotliOptions(coding.level, lengthBytes),
        flush: constants.BROTLI_OPERATION_FLUSH,
      });
    // Nobody else catches what is thrown after an event of the encoder.
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

  /** The client does not keep up: nothing comes out until {@link BodyEncoder.resume}, and `write` says no soon. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Gives up; nothing comes out any more. */
  destroy(): void {
    this.#stream.removeAllListeners("data").removeAllListeners("end").removeAllListeners("drain");
    this.#stream.destroy();
  }
}

/** Memory follows the window: small for small bodies. @param lengthBytes of the body; -1: not known */
export function gzipOptions(level: number, lengthBytes: number): zlib.ZlibOptions {
  if (lengthBytes < 0) return { level };
  const windowBits = windowFor(lengthBytes + 262, 9, 15);
  return { level, windowBits, memLevel: Math.min(8, windowBits - 7) };
}

/** The window is at most 512 KiB, as nginx's module has it. @param lengthBytes of the body; -1: not known */
export function brotliOptions(level: number, lengthBytes: number): zlib.BrotliOptions {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  const params: Record<number, number> = { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_LGWIN]: 19 };
  if (lengthBytes >= 0) {
    params[BROTLI_PARAM_LGWIN] = windowFor(lengthBytes + 17, 10, 19);
    params[BROTLI_PARAM_SIZE_HINT] = Math.min(lengthBytes, 2 ** 30);
  }
  return { params };
}

/** Bits of the smallest window that holds so much. */
function windowFor(bytes: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, Math.ceil(Math.log2(bytes))));
}
