/**
 * How much a peer may ask for without bringing work: the bound of every flood of small frames and of reset streams.
 *
 * @see RFC 9113 section 10.5, CVE-2023-44487
 * @module
 */
import { ErrorCode } from "./frame.ts";
import { ConnectionError } from "./frame-reader.ts";

/** Frames without work in them that a peer may send beyond those that carry some. */
const IDLE_FRAMES_ALLOWED = 1000;
/** What each frame with work in it, received or sent, adds to that. */
const IDLE_FRAMES_PER_WORK = 4;
const IDLE_FRAMES_CEILING = 20_000;
/** Streams that a peer may reset before their response, beyond those that it lets end. */
const RESETS_ALLOWED = 200;

/** One connection's. */
export class Patience {
  #idleFramesLeft = IDLE_FRAMES_ALLOWED;
  #resets = 0;

  /** A frame with work in it was received or sent. */
  work(): void {
    this.#idleFramesLeft = Math.min(this.#idleFramesLeft + IDLE_FRAMES_PER_WORK, IDLE_FRAMES_CEILING);
  }

  /** A frame without work in it came. */
  idle(): void {
    if (--this.#idleFramesLeft < 0) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many frames without work");
    }
  }

  /** A stream came to nothing. */
  reset(): void {
    if (++this.#resets > RESETS_ALLOWED) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many streams are reset");
    }
  }

  /** A stream came to its end. */
  finished(): void {
    if (this.#resets > 0) this.#resets--;
  }
}
