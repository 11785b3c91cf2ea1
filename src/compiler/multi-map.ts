/**
 * From a key to a set of names: "who refers to this".
 *
 * @module
 */

const NOBODY: ReadonlySet<string> = new Set();

/** Forgets keys that nobody is noted under. */
export class MultiMap {
  readonly #sets = new Map<string, Set<string>>();

  /** True when it is the first under this key. */
  add(key: string, name: string): boolean {
    const set = this.#sets.get(key);
    if (set === undefined) {
      this.#sets.set(key, new Set([name]));
      return true;
    }
    set.add(name);
    return false;
  }

  /** True when nobody is left under this key. */
  delete(key: string, name: string): boolean {
    const set = this.#sets.get(key);
    if (set === undefined) return false;
    set.delete(name);
    if (set.size > 0) return false;
    return this.#sets.delete(key);
  }

  has(key: string): boolean {
    return this.#sets.has(key);
  }

  get(key: string): ReadonlySet<string> {
    return this.#sets.get(key) ?? NOBODY;
  }

  keys(): Iterable<string> {
    return this.#sets.keys();
  }
}
