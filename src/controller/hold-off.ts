/**
 * Waits for the end of a burst of changes, up to a ceiling.
 *
 * @module
 */
import type { Clock } from "../observe/mod.ts";

/** Times of a hold-off. */
export interface HoldOffOptions {
  readonly clock: Clock;
  /** Milliseconds of quiet that end a burst. */
  readonly quietMs: number;
  /** Longest wait, milliseconds. */
  readonly ceilingMs: number;
}

/** Calls `action` once for each burst of {@link HoldOff.poke} calls. */
export class HoldOff {
  readonly #options: HoldOffOptions;
  readonly #action: () => void;
  #cancel: (() => void) | undefined;
  #deadline = 0;

  constructor(options: HoldOffOptions, action: () => void) {
    this.#options = options;
    this.#action = action;
  }

  /** A change came. */
  poke(): void {
    const { clock, quietMs, ceilingMs } = this.#options;
    const now = clock.elapsedMs();
    if (this.#cancel === undefined) this.#deadline = now + ceilingMs;
    else this.#cancel();
    this.#cancel = clock.after(Math.max(0, Math.min(quietMs, this.#deadline - now)), () => {
      this.#cancel = undefined;
      this.#action();
    });
  }

  /** Ends the wait without calling the action. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
