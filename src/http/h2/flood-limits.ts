/**
 * Flood limits of one HTTP/2 connection: frames that carry no work, and streams that are reset before their response.
 *
 * @see RFC 9113 section 10.5, CVE-2023-44487
 * @module
 */
import { ErrorCode } from "./frame.ts";
import { ConnectionError } from "./frame-reader.ts";

/** Frames without work that a peer may send before it sends or receives any work. */
const IDLE_FRAMES_ALLOWED = 1000;
/** Frames without work that each frame with work, in either direction, allows in addition. */
const IDLE_FRAMES_PER_WORK = 4;
const IDLE_FRAMES_CEILING = 20_000;
/** Streams that a peer may reset, beyond those that end normally. */
const RESETS_ALLOWED = 300;
/**
 * Resets that each second allows in addition: clients cancel requests for good reasons, a few at a time, for the whole life
 * of the connection.
 */
const RESETS_PER_SECOND = 50;

/** Counters of one connection. */
export class FloodLimits {
  readonly #nowMs: () => number;
  #idleFramesLeft = IDLE_FRAMES_ALLOWED;
  #resets = 0;
  /** Time up to which resets have been subtracted. */
  #subtractedMs = 0;

  /** @param nowMs milliseconds, never going back; read for resets only */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A frame with work was received or sent. */
  work(): void {
    this.#idleFramesLeft = Math.min(this.#idleFramesLeft + IDLE_FRAMES_PER_WORK, IDLE_FRAMES_CEILING);
  }

  /** A frame without work was received. @throws ConnectionError beyond the limit */
  idle(): void {
    if (--this.#idleFramesLeft < 0) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many frames without work");
    }
  }

  /** A stream was reset. @throws ConnectionError beyond the limit */
  reset(): void {
    const nowMs = this.#nowMs();
    this.#resets = 1 + Math.max(0, this.#resets - (nowMs - this.#subtractedMs) * RESETS_PER_SECOND / 1000);
    this.#subtractedMs = nowMs;
    if (this.#resets > RESETS_ALLOWED) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many streams are reset");
    }
  }

  /** A stream ended normally. */
  finished(): void {
    if (this.#resets > 0) this.#resets--;
  }
}
