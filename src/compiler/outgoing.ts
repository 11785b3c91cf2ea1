/**
 * Collects the changes of one part of the snapshot during a run.
 *
 * @module
 */
import { compareText, equalData } from "../snapshot/mod.ts";
import type { Changes } from "../snapshot/snapshot.ts";

/** Changes of a part; of two changes of a key, the later counts. */
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

  /** Sets all of `target`, and removes what only `former` has. */
  replaceAll(former: Readonly<Record<string, T>> = {}, target: Readonly<Record<string, T>>): void {
    for (const key in former) if (!Object.hasOwn(target, key)) this.remove(key);
    for (const [key, value] of Object.entries(target)) this.set(key, value);
  }

  /** Returns the changes in order, without values that `former` already has, which a run may set again. */
  finish(former: Readonly<Record<string, T>> = {}): Changes<T> {
    const set = [...this.#set].filter(([key, value]) => !equalData(former[key], value));
    set.sort(([a], [b]) => compareText(a, b));
    const remove = [...this.#remove].filter((key) => Object.hasOwn(former, key));
    return { set: set.map(([, value]) => value), remove: remove.sort(compareText) };
  }
}
