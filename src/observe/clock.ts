/**
 * Time as a dependency, so that tests control it.
 *
 * @module
 */

/** Source of time. */
export interface Clock {
  /** Milliseconds since the epoch, whole. */
  nowMs(): number;
  /** Milliseconds since an arbitrary moment, never going back, with fractions; for durations. */
  elapsedMs(): number;
  /** Calls `action` once, no sooner than `delayMs` from now; the result cancels it. */
  after(delayMs: number, action: () => void): () => void;
}

/** The system's clock. Pending timers keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  elapsedMs: () => performance.now(),
  after: (delayMs: number, action: () => void) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A clock that moves only by {@link ManualClock.advance}. */
export class ManualClock implements Clock {
  #now: number;
  readonly #timers: { at: number; action: () => void }[] = [];

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  nowMs(): number {
    return Math.floor(this.#now);
  }

  elapsedMs(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { at: this.#now + delayMs, action };
    this.#timers.push(timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Advances by `ms`, and runs the actions that are due, in order of time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let next: { at: number; action: () => void } | undefined;
      for (const timer of this.#timers) {
        if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
      }
      if (next === undefined) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.at);
      next.action();
    }
    this.#now = end;
  }
}
