/**
 * Bytes as text, one char a byte: how heads are read and written.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Part of Node's Buffer that the type definitions lack. */
interface Latin1Buffer extends Uint8Array {
  latin1Slice?(start: number, end: number): string;
}

/** Text of `bytes` from `start` to `end`, one char a byte. */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  const buffer = bytes as Latin1Buffer;
  if (typeof buffer.latin1Slice === "function") return buffer.latin1Slice(start, end);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

// deno-lint-ignore no-control-regex
const ASCII = /^[\x00-\x7f]*$/;

/** UTF-8 of `text` as one char a byte; the text itself when it is ASCII. */
export function utf8AsLatin1(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}
