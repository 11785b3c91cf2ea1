/**
 * A map that drops the least recently used entry.
 *
 * @module
 */

/** A bounded map in order of use, the oldest first. */
export class RecentMap<V> {
  readonly #entries = new Map<string, V>();

  constructor(public limit: number) {}

  get size(): number {
    return this.#entries.size;
  }

  /** Returns the value; counts as a use. */
  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** Returns the value; does not count as a use. */
  peek(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    while (this.#entries.size >= this.limit) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest!);
    }
    this.#entries.set(key, value);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** Removes the entries for which `gone` is true. */
  prune(gone: (value: V) => boolean): void {
    for (const [key, value] of this.#entries) if (gone(value)) this.#entries.delete(key);
  }
}
