/**
 * Random numbers that are the same in every run.
 *
 * @module
 */

/** A whole number from 0 below `limit`; `of` picks from a list. */
export interface Random {
  (limit: number): number;
  of<T>(items: readonly T[]): T;
}

/** mulberry32 */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
  return Object.assign(next, { of: <T>(items: readonly T[]): T => items[next(items.length)]! });
}
