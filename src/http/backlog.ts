/**
 * Response bytes that wait for clients, over all connections of the process. A client that does not read, or that opens
 * streams and gives no window, makes each response hold what one read of the upstream brought. The bound keeps many
 * such clients from taking all memory.
 *
 * @module
 */

/** Default bound of the bytes that wait in all. */
const LIMIT_BYTES = 128 << 20;
/** Default of the bytes that one connection may hold although the bound is reached. */
const SHARE_BYTES = 1 << 20;

/** Counter of one process. Default limits: 128 MiB in all, 1 MiB for a connection. */
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

  /** Adds to the bytes that wait; `bytes` may be negative. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** The bound is reached. */
  get full(): boolean {
    return this.#bytes > this.#limitBytes;
  }

  /** The bound is reached, and a connection that holds `heldBytes` has more than its share. */
  isCrowdedBy(heldBytes: number): boolean {
    return this.full && heldBytes > this.#shareBytes;
  }
}
