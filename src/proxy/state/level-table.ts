/**
 * Levels of one name: leaky buckets by key, with the changes that have not been sent to other processes.
 *
 * @module
 */
import type { CountsOptions } from "../../policy/mod.ts";
import { RecentMap } from "./recent-map.ts";

const MAX_KEYS = 100_000;

interface Level {
  value: number;
  /** Elapsed time of the clock to which `value` applies. */
  atMs: number;
}

/** Amounts by key. */
export type Amounts = readonly (readonly [key: string, amount: number])[];

/** One for each name. */
export class LevelTable {
  readonly #levels = new RecentMap<Level>(MAX_KEYS);
  #untold = new Map<string, number>();
  /** Leak for each millisecond. */
  #leak = 0;
  usedAtMs = 0;

  /** Takes over options; levels are kept. */
  configure({ leakPerSecond = 0, maxKeys = MAX_KEYS }: CountsOptions): void {
    this.#leak = leakPerSecond / 1000;
    this.#levels.limit = Math.max(1, maxKeys);
  }

  get leakPerSecond(): number {
    return this.#leak * 1000;
  }

  get empty(): boolean {
    return this.#levels.size === 0;
  }

  /** Adds to a level and returns it. `own`: the change is sent to the other processes. */
  add(key: string, amount: number, nowMs: number, own: boolean): number {
    this.usedAtMs = nowMs;
    const known = this.#levels.get(key);
    const value = Math.max(0, (known === undefined ? 0 : this.#leaked(known, nowMs)) + amount);
    if (value === 0) this.#levels.delete(key);
    else if (known === undefined) this.#levels.set(key, { value, atMs: nowMs });
    else {
      known.value = value;
      known.atMs = nowMs;
    }
    // beyond the bound of keys, the changes to send are bounded as well
    if (own && (this.#untold.has(key) || this.#untold.size < this.#levels.limit)) {
      this.#untold.set(key, (this.#untold.get(key) ?? 0) + amount);
    }
    return value;
  }

  level(key: string, nowMs: number): number {
    const known = this.#levels.peek(key);
    return known === undefined ? 0 : this.#leaked(known, nowMs);
  }

  #leaked({ value, atMs }: Level, nowMs: number): number {
    return Math.max(0, value - this.#leak * (nowMs - atMs));
  }

  /** Returns at most `most` own changes that have not been sent. */
  take(most: number): Amounts {
    const taken: [string, number][] = [];
    for (const [key, amount] of this.#untold) {
      if (taken.length >= most) break;
      this.#untold.delete(key);
      if (amount !== 0) taken.push([key, amount]);
    }
    return taken;
  }

  get hasUntold(): boolean {
    return this.#untold.size > 0;
  }

  /** Forgets levels that have leaked out. */
  prune(nowMs: number): void {
    if (this.#leak > 0) this.#levels.prune((level) => this.#leaked(level, nowMs) === 0);
  }
}
