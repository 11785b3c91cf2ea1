/**
 * Waits for a burst to end, but not for ever.
 *
 * @module
 */
import type { Clock } from "../observe/mod.ts";

/** How long to wait. */
export interface HoldOffOptions {
  readonly clock: Clock;
  /** Milliseconds of quiet that end a burst. */
  readonly quietMs: number;
  /** Milliseconds after which a burst is cut short. */
  readonly ceilingMs: number;
}

/** Calls `action` once for a burst of {@link HoldOff.poke}s. */
export class HoldOff {
  readonly #options: HoldOffOptions;
  readonly #action: () => void;
  #cancel: (() => void) | undefined;
  #deadline = 0;

  constructor(options: HoldOffOptions, action: () => void) {
    this.#options = options;
    this.#action = action;
  }

  /** Something came. */
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

  /** Forgets the burst that is under way. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
