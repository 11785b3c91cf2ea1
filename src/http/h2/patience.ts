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
const RESETS_ALLOWED = 300;
/**
 * So many more are allowed with each second: clients give requests up for good reasons, a few at a time, for as long as
 * the connection lives.
 */
const RESETS_PER_SECOND = 50;

/** One connection's. */
export class Patience {
  readonly #nowMs: () => number;
  #idleFramesLeft = IDLE_FRAMES_ALLOWED;
  #resets = 0;
  /** When resets were last forgiven. */
  #forgivenMs = 0;

  /** @param nowMs a clock; asked for resets only */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

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
    const nowMs = this.#nowMs();
    this.#resets = 1 + Math.max(0, this.#resets - (nowMs - this.#forgivenMs) * RESETS_PER_SECOND / 1000);
    this.#forgivenMs = nowMs;
    if (this.#resets > RESETS_ALLOWED) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many streams are reset");
    }
  }

  /** A stream came to its end. */
  finished(): void {
    if (this.#resets > 0) this.#resets--;
  }
}
