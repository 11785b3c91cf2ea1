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
      ? zlib.createGzip({ level: coding.level, flush: constants.Z_SYNC_FLUSH })
      : zlib.createBrotliCompress({
        flush: constants.BROTLI_OPERATION_FLUSH,
        params: {
          [constants.BROTLI_PARAM_QUALITY]: coding.level,
          [constants.BROTLI_PARAM_LGWIN]: windowBits(lengthBytes),
          ...(lengthBytes < 0 ? {} : { [constants.BROTLI_PARAM_SIZE_HINT]: Math.min(lengthBytes, 2 ** 30) }),
        },
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

/** Memory follows the window: small for small bodies, at most 512 KiB as nginx's module has it. */
function windowBits(lengthBytes: number): number {
  if (lengthBytes < 0) return 19;
  return Math.min(19, Math.max(10, Math.ceil(Math.log2(lengthBytes + 17))));
}
