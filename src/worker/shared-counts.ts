/**
 * Changes that workers have made to counts that do not leak, such as requests in flight. A worker that dies cannot undo
 * its share, and a new worker needs the shares of the others.
 *
 * @module
 */
import type { CountsDelta } from "../proxy/mod.ts";

/** Shares of all workers. */
export class SharedCounts<W> {
  readonly #shares = new Map<W, Map<string, Map<string, number>>>();

  /** Adds to the share of the worker. */
  add(worker: W, deltas: readonly CountsDelta[]): void {
    let shares = this.#shares.get(worker);
    if (shares === undefined) this.#shares.set(worker, shares = new Map());
    for (const { name, leakPerSecond, amounts } of deltas) {
      if (leakPerSecond > 0) continue;
      let byKey = shares.get(name);
      if (byKey === undefined) shares.set(name, byKey = new Map());
      for (const [key, amount] of amounts) {
        const share = (byKey.get(key) ?? 0) + amount;
        if (share === 0) byKey.delete(key);
        else byKey.set(key, share);
      }
    }
  }

  /** Removes an ended worker. Returns the changes by which the others undo its share. */
  remove(worker: W): readonly CountsDelta[] {
    const shares = this.#shares.get(worker) ?? new Map<string, Map<string, number>>();
    this.#shares.delete(worker);
    return deltasOf(shares, -1);
  }

  /** Sum of all shares, for a new worker. */
  all(): readonly CountsDelta[] {
    return [...this.#shares.values()].flatMap((shares) => deltasOf(shares, 1));
  }
}

function deltasOf(shares: ReadonlyMap<string, ReadonlyMap<string, number>>, sign: 1 | -1): CountsDelta[] {
  return [...shares].filter(([, byKey]) => byKey.size > 0).map(([name, byKey]) => ({
    name,
    leakPerSecond: 0,
    amounts: [...byKey].map(([key, share]) => [key, sign * share] as const),
  }));
}
