/**
 * From a key to a set of names: "who refers to this".
 *
 * @module
 */

const NOBODY: readonly string[] = [];

/** Forgets keys that nobody is noted under. */
export class MultiMap {
  /** Most keys have one name only, which needs no set. */
  readonly #names = new Map<string, string | Set<string>>();

  /** True when it is the first under this key. */
  add(key: string, name: string): boolean {
    const names = this.#names.get(key);
    if (names === undefined) {
      this.#names.set(key, name);
      return true;
    }
    if (typeof names !== "string") names.add(name);
    else if (names !== name) this.#names.set(key, new Set([names, name]));
    return false;
  }

  /** True when nobody is left under this key. */
  delete(key: string, name: string): boolean {
    const names = this.#names.get(key);
    if (typeof names === "string") return names === name && this.#names.delete(key);
    if (names === undefined || !names.delete(name)) return false;
    if (names.size === 1) { for (const last of names) this.#names.set(key, last); }
    return false;
  }

  has(key: string): boolean {
    return this.#names.has(key);
  }

  get(key: string): Iterable<string> {
    const names = this.#names.get(key);
    return names === undefined ? NOBODY : typeof names === "string" ? [names] : names;
  }
}
