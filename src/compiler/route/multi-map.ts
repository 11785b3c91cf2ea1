/**
 * A map from a key to the set of names that refer to it.
 *
 * @module
 */

const NOBODY: readonly string[] = [];

/** A multi-map without empty keys. */
export class MultiMap {
  /** Most keys have one name only, which needs no set. */
  readonly #names = new Map<string, string | Set<string>>();

  /** Adds a name; true when it is the first of the key. */
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

  /** Removes a name; true when it was the last of the key. */
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
