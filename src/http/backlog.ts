/**
 * Response bytes that wait for clients, of all connections of the process together. A client that does not read, or opens
 * streams and gives no window, makes each response hold what one read of the upstream brought; many such clients must not
 * take all memory.
 *
 * @module
 */

/** Bytes that may wait in all, by default. */
const LIMIT_BYTES = 128 << 20;
/** What one connection may hold of them even then, by default. */
const SHARE_BYTES = 1 << 20;

/** One process's. */
export class Backlog {
  readonly #limitBytes: number;
  readonly #shareBytes: number;
  #bytes = 0;

  /**
   * @param limitBytes bytes that may wait in all; default: 128 MiB
   * @param shareBytes what each connection may hold though the limit is reached; default: 1 MiB
   */
  constructor(limitBytes: number = LIMIT_BYTES, shareBytes: number = SHARE_BYTES) {
    this.#limitBytes = limitBytes;
    this.#shareBytes = shareBytes;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** So many more wait, or fewer when negative. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** There is too much. */
  get full(): boolean {
    return this.#bytes > this.#limitBytes;
  }

  /** There is too much, and a connection that holds so many bytes is part of it. */
  isCrowdedBy(heldBytes: number): boolean {
    return this.full && heldBytes > this.#shareBytes;
  }
}
