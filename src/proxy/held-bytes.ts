/**
 * A queue of bytes that wait. Its memory is proportional to their number: a few bytes do not keep the large buffer
 * alive that they came in, and a peer that sends single bytes makes no object for each.
 *
 * @module
 */

/** Size from which a part is kept as it is. */
const LARGE_BYTES = 4096;
/** Size of the blocks that small parts are copied to. */
const BLOCK_BYTES = 8192;

/** A queue of parts. */
export class HeldBytes {
  /** Sum of the parts. */
  bytes = 0;
  #parts: Uint8Array[] = [];
  /** Free bytes after the last part, in the same block. */
  #room = 0;

  get empty(): boolean {
    return this.bytes === 0;
  }

  /** Parts in order; valid until the next {@link HeldBytes.add}. */
  get parts(): readonly Uint8Array[] {
    return this.#parts;
  }

  /** Adds a copy of the bytes, or the bytes themselves where that wastes no memory; they must not change. */
  add(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length === 0) return;
    this.bytes += length;
    const parts = this.#parts;
    if (length <= this.#room) {
      const last = parts[parts.length - 1]!;
      const longer = new Uint8Array(last.buffer, last.byteOffset, last.length + length);
      longer.set(bytes, last.length);
      parts[parts.length - 1] = longer;
      this.#room -= length;
    } else if (length >= LARGE_BYTES || parts.length === 0) {
      // the first part is often the only one
      parts.push(length * 2 < bytes.buffer.byteLength ? Uint8Array.prototype.slice.call(bytes) : bytes);
      this.#room = 0;
    } else {
      const block = new Uint8Array(BLOCK_BYTES);
      block.set(bytes);
      parts.push(block.subarray(0, length));
      this.#room = BLOCK_BYTES - length;
    }
  }

  /** Takes the first part out; `undefined` when there is none. */
  shift(): Uint8Array | undefined {
    const part = this.#parts.shift();
    if (part === undefined) return undefined;
    this.bytes -= part.length;
    if (this.#parts.length === 0) this.#room = 0;
    return part;
  }

  /** Takes all parts out. */
  take(): Uint8Array[] {
    const parts = this.#parts;
    this.#parts = [];
    this.#room = 0;
    this.bytes = 0;
    return parts;
  }
}
