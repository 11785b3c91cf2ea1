/**
 * Waiting for what a connection brings, with a word about what it brought when that never comes.
 *
 * @module
 */

/** Longest that any expectation waits before it fails. */
const PATIENCE_MS = 10_000;

/** Expectations of one connection. */
export class Waiting {
  readonly #looks = new Set<() => void>();

  /**
   * @param isOver nothing more will come
   * @param told what has come, for messages
   */
  constructor(readonly isOver: () => boolean, readonly told: () => string) {}

  /** Something has come. */
  look(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Resolves when `condition` holds; it is looked at after each event. */
  until(condition: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (problem?: string): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        if (problem === undefined) resolve();
        else reject(new Error(`${problem} ${what}; ${this.told()}`));
      };
      const timer = setTimeout(() => done("waited in vain for"), PATIENCE_MS);
      const look = (): void => {
        if (condition()) done();
        else if (this.isOver()) done("over before");
      };
      this.#looks.add(look);
      look();
    });
  }
}
