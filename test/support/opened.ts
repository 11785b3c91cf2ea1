/**
 * What the tests of a file open, closed when they are over.
 *
 * @module
 */
import { after } from "node:test";

/** A server, a client: whatever can be closed. */
export interface Closable {
  close(): unknown;
}

/** Made once, at the top of a test file. */
export class Opened {
  readonly #all: Closable[] = [];

  constructor() {
    after(async () => {
      for (const each of this.#all.toReversed()) await each.close();
    });
  }

  /** Gives `one` back; it will be closed before all that was opened before it. */
  keep<T extends Closable>(one: T): T {
    this.#all.push(one);
    return one;
  }
}
