/**
 * What policies keep from request to request: counts and caches that outlive the tables, since changes of the configuration
 * must not forget whom a limit has stopped.
 *
 * @module
 */

/** How a family of counts behaves. Of several that ask for one name, the last one's options hold. */
export interface CountsOptions {
  /** What each level loses in a second (leaky bucket). Default: 0, a level stays until it is taken back. */
  readonly leakPerSecond?: number;
  /** Keys that are kept; beyond that the one not used for longest is forgotten. Default: 100,000. */
  readonly maxKeys?: number;
}

/**
 * Levels by key, summed over all worker processes: each knows its own at once, those of the others after 0.1 s at most. So a
 * limit is overrun by what the other workers let through in that time.
 */
export interface Counts {
  /** Adds `amount`, which may be negative, and returns the level that comes of it; never below 0. */
  add(key: string, amount: number): number;
  /** The level now; 0 for a key that is not known. */
  level(key: string): number;
}

/** How a cache behaves. */
export interface CacheOptions {
  /** Entries that are kept; beyond that the one not used for longest goes. */
  readonly maxEntries: number;
  /** An entry is good for so long after it was set. */
  readonly ttlMs: number;
}

/** Values by key, of this process alone. */
export interface Cache<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

/**
 * Named counts and caches. The same name leads to the same one, whatever tables ask for it; one that nobody has used for ten
 * minutes is dropped, if its levels have leaked out.
 */
export interface PolicyState {
  counts(name: string, options?: CountsOptions): Counts;
  /** All who use a name must agree on the type of its values. */
  cache<V>(name: string, options: CacheOptions): Cache<V>;
}
