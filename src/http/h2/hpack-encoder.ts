/**
 * HPACK encoder for responses: static table, literals without indexing, plain strings. It keeps no state, so nothing
 * that is sent depends on what a peer allows, and equal responses are equal bytes.
 *
 * @see RFC 7541 section 6
 * @module
 */
import { Buffer } from "node:buffer";
import { STATIC_NAME_INDEX } from "./static-table.ts";

const STATUS_INDEX: ReadonlyMap<number, number> = new Map([
  [200, 8],
  [204, 9],
  [206, 10],
  [304, 11],
  [400, 12],
  [404, 13],
  [500, 14],
]);

/** First bytes of each name that has been sent: prefix with the static index, or the name written out. Bounded. */
const NAMES = new Map<string, Uint8Array>();
const NAMES_LIMIT = 512;

/** Longest integer prefix that is written: 5 bytes. */
const INTEGER_BYTES = 5;

/** Upper bound of what {@link writeField} writes. */
export function fieldBytes(name: string, value: string): number {
  return name.length + value.length + 2 * INTEGER_BYTES + 1;
}

/** Writes `:status`; at most 5 bytes. Returns the position behind it. */
export function writeStatus(target: Buffer, at: number, status: number): number {
  const index = STATUS_INDEX.get(status);
  if (index !== undefined) {
    target[at] = 0x80 | index;
    return at + 1;
  }
  target[at] = 0x08;
  target[at + 1] = 3;
  target.write(String(status), at + 2, "latin1");
  return at + 5;
}

/**
 * Writes one field line, its name in lower case; both must fit (see {@link fieldBytes}).
 * Returns the position behind it.
 */
export function writeField(target: Buffer, at: number, name: string, value: string): number {
  const prefix = NAMES.get(name) ?? encodeName(name);
  target.set(prefix, at);
  at = writeInteger(target, at + prefix.length, 0, 7, value.length);
  target.write(value, at, "latin1");
  return at + value.length;
}

function encodeName(name: string): Uint8Array {
  const index = STATIC_NAME_INDEX.get(name.toLowerCase());
  const buffer = Buffer.alloc(name.length + INTEGER_BYTES + 1);
  let at: number;
  if (index !== undefined) at = writeInteger(buffer, 0, 0, 4, index);
  else {
    at = writeInteger(buffer, 1, 0, 7, name.length);
    at += buffer.write(name.toLowerCase(), at, "latin1");
  }
  const prefix = Uint8Array.prototype.slice.call(buffer, 0, at);
  if (NAMES.size < NAMES_LIMIT) NAMES.set(name, prefix);
  return prefix;
}

/** RFC 7541 section 5.1. */
function writeInteger(target: Buffer, at: number, pattern: number, prefixBits: number, value: number): number {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    target[at] = pattern | value;
    return at + 1;
  }
  target[at++] = pattern | mask;
  for (value -= mask; value >= 0x80; value >>>= 7) target[at++] = value & 0x7f | 0x80;
  target[at++] = value;
  return at;
}
