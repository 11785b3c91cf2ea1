/**
 * What one run sets and removes in one part of the snapshot, while the passes work.
 *
 * @module
 */
import { compareText, equalData } from "../snapshot/mod.ts";
import type { Changes } from "../snapshot/snapshot.ts";

/** Collects what goes into the update; of two words about one key the later counts. */
export class Outgoing<T> {
  readonly #set = new Map<string, T>();
  readonly #remove = new Set<string>();

  set(key: string, value: T): void {
    this.#remove.delete(key);
    this.#set.set(key, value);
  }

  remove(key: string): void {
    this.#set.delete(key);
    this.#remove.add(key);
  }

  /** All of `target`, and nothing of `former` that it has not. */
  replaceAll(former: Readonly<Record<string, T>> = {}, target: Readonly<Record<string, T>>): void {
    for (const key in former) if (!Object.hasOwn(target, key)) this.remove(key);
    for (const [key, value] of Object.entries(target)) this.set(key, value);
  }

  /** In order; without what `former` has already, which happens when one run takes back what it did. */
  finish(former: Readonly<Record<string, T>> = {}): Changes<T> {
    const set = [...this.#set].filter(([key, value]) => !equalData(former[key], value));
    set.sort(([a], [b]) => compareText(a, b));
    const remove = [...this.#remove].filter((key) => Object.hasOwn(former, key));
    return { set: set.map(([, value]) => value), remove: remove.sort(compareText) };
  }
}
