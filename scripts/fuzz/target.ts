/**
 * What a fuzz target is, and what targets make inputs with.
 */
import { Buffer } from "node:buffer";
import type { Random } from "../../test/support/random.ts";

/** Makes inputs, and tries them. */
export interface FuzzTarget {
  /** The next input. */
  make(next: Random): Buffer;
  /** Throws when the input is not dealt with as it should be. `next` decides how it is fed. */
  check(input: Buffer, next: Random): void | Promise<void>;
}

/** One of the seeds, or two together, with bytes and pieces put in, taken out, doubled, moved. */
export function mutated(seeds: readonly Buffer[], pieces: readonly Buffer[], next: Random): Buffer {
  let bytes = next.of(seeds);
  if (next(4) === 0) {
    const other = next.of(seeds);
    bytes = Buffer.concat([bytes.subarray(0, next(bytes.length + 1)), other.subarray(next(other.length + 1))]);
  }
  for (let n = next(8); n > 0; n--) {
    const at = next(bytes.length + 1);
    const end = Math.min(bytes.length, at + next(24));
    const kind = next(6);
    const middle = kind === 0
      ? next.of(pieces)
      : kind === 1
      ? Buffer.from([next(256)])
      : kind === 2
      ? Buffer.concat([bytes.subarray(at, end), bytes.subarray(at, end)])
      : kind === 3
      ? Buffer.from([(bytes[at] ?? 0) ^ (1 << next(8))])
      : kind === 4
      ? bytes.subarray(0, next(Math.min(bytes.length, 40) + 1))
      : Buffer.alloc(0);
    bytes = Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(next(2) === 0 ? at : end)]);
  }
  return Buffer.from(bytes.subarray(0, 20_000));
}

/** The bytes as they may come from a socket. */
export function pieces(bytes: Uint8Array, next: Random): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const most = next.of([1, 3, 17, 200]);
  for (let at = 0; at < bytes.length;) {
    const size = 1 + next(most);
    // each in a buffer of its own: who reads may keep it
    parts.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return parts;
}

export function texts(...all: readonly string[]): Buffer[] {
  return all.map((text) => Buffer.from(text, "latin1"));
}
