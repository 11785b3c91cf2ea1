/**
 * Finds the documents of a YAML stream, in bytes, without parsing: a line that begins with `---` or `...` ends a
 * document wherever it stands (YAML 1.2.2, 9.1.2), so a search for these is enough.
 *
 * @see https://yaml.org/spec/1.2.2/#912-document-markers
 *
 * @module
 */
import type { Buffer } from "node:buffer";

/** One document, its `---` line included. */
export interface DocumentSpan {
  readonly start: number;
  readonly end: number;
  /** Line of `start` in the file, from 1. */
  readonly line: number;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const HASH = 0x23;
const PERCENT = 0x25;
const DASH = 0x2d;
const DOT = 0x2e;

/** Returns the documents that have content other than comments and empty lines, in order. */
export function splitDocuments(bytes: Buffer): DocumentSpan[] {
  const spans: DocumentSpan[] = [];
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let startLine = 1;
  let line = 1;
  /** Only directives since `start`: the next `---` begins this document. */
  let directives = false;
  let content = false;
  let marked = false;

  const cut = (end: number, nextStart: number, nextLine: number) => {
    if (content) spans.push({ start, end, line: startLine });
    start = nextStart;
    startLine = nextLine;
    directives = content = marked = false;
  };

  for (let at = start; at < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline === -1 ? bytes.length : newline + 1;
    const first = bytes[at]!;
    if (first === DASH && isMarker(bytes, at, DASH)) {
      if (content || marked || !directives) cut(at, at, line);
      marked = true;
      content = hasContent(bytes, at + 3, end);
    } else if (first === DOT && isMarker(bytes, at, DOT)) {
      cut(at, end, line + 1);
    } else if (first === PERCENT && !content && !marked) {
      directives = true;
    } else if (!content) {
      content = hasContent(bytes, at, end);
    }
    at = end;
  }
  cut(bytes.length, bytes.length, line);
  return spans;
}

/** True at three times `byte`, followed by white space or the end. */
function isMarker(bytes: Uint8Array, at: number, byte: number): boolean {
  if (bytes[at + 1] !== byte || bytes[at + 2] !== byte) return false;
  const next = bytes[at + 3];
  return next === undefined || next === SPACE || next === TAB || next === NEWLINE || next === RETURN;
}

function hasContent(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const byte = bytes[at];
    if (byte === SPACE || byte === TAB || byte === NEWLINE || byte === RETURN) continue;
    return byte !== HASH;
  }
  return false;
}

/** Number of lines with comments, markers or nothing before the content of a document. */
export function leadingLines(text: string): number {
  let lines = 0;
  for (let at = 0; at < text.length; lines++) {
    const newline = text.indexOf("\n", at);
    const line = text.slice(at, newline === -1 ? text.length : newline).trim();
    if (line !== "" && line !== "---" && !line.startsWith("#") && !line.startsWith("%") && !/^---\s+#/.test(line)) {
      break;
    }
    if (newline === -1) break;
    at = newline + 1;
  }
  return lines;
}

/** Returns a 53-bit hash of bytes, to detect changes of a document; it is not cryptographic. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let a = 0x9e3779b9 ^ (end - start);
  let b = 0x85ebca6b;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    a = Math.imul(a ^ byte, 2654435761);
    b = Math.imul(b ^ byte, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
