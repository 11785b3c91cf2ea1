/**
 * Who wants to know that an exchange is over.
 *
 * @module
 */

/** Of one exchange; made when the first one asks. */
export class Followers {
  readonly #actions = new Set<() => void>();

  /** Adds one; the result takes it back. */
  add(action: () => void): () => void {
    this.#actions.add(action);
    return () => void this.#actions.delete(action);
  }

  /** Tells all. `failed` hears of what one of them threw, which must not keep others from knowing. */
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
