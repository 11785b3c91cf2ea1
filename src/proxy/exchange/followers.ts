/**
 * Actions to run when an exchange is over.
 *
 * @module
 */

/** Actions of one exchange; made when the first one is added. */
export class Followers {
  readonly #actions = new Set<() => void>();

  /** Adds an action; the result removes it. */
  add(action: () => void): () => void {
    this.#actions.add(action);
    return () => void this.#actions.delete(action);
  }

  /** Runs all actions. `failed` gets their exceptions, so that all of them run. */
  tell(failed: (error: unknown) => void): void {
    for (const action of this.#actions) {
      try {
        action();
      } catch (error) {
        failed(error);
      }
    }
    this.#actions.clear();
  }
}
