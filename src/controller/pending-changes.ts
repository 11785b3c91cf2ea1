/**
 * Changes of the store that wait to be compiled: one for each object, from the compiled version to the current one.
 *
 * @module
 */
import type { ObjectKey, StoreChange } from "../kube/mod.ts";

/** Merges changes of an object into one; an object that came and went again has none. */
export class PendingChanges {
  #changes = new Map<ObjectKey, StoreChange>();

  get size(): number {
    return this.#changes.size;
  }

  add(changes: readonly StoreChange[]): void {
    for (const change of changes) {
      const earlier = this.#changes.get(change.key);
      if (earlier === undefined) {
        this.#changes.set(change.key, change);
      } else if (earlier.before === undefined && change.after === undefined) {
        this.#changes.delete(change.key);
      } else {
        this.#changes.set(change.key, { ...change, before: earlier.before });
      }
    }
  }

  /** Returns and removes all changes. */
  take(): StoreChange[] {
    const taken = [...this.#changes.values()];
    this.#changes = new Map();
    return taken;
  }
}
