/**
 * What follows a backslash.
 *
 * @module
 */
import {
  type CharSet,
  complement,
  DIGIT,
  HORIZONTAL,
  MAX_CODE_POINT,
  NOT_NEWLINE,
  SPACE,
  VERTICAL,
  WORD,
} from "./char-set.ts";
import type { Assertion, Node } from "./tree.ts";

/** What escapes are read from; `at` points to the backslash. */
export interface Reader {
  readonly text: string;
  at: number;
  take(text: string): boolean;
  fail(message: string, offset?: number): never;
}

export type Escape =
  | { readonly kind: "char"; readonly code: number }
  | { readonly kind: "set"; readonly set: CharSet }
  | { readonly kind: "assert"; readonly what: Assertion }
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "reference"; readonly group: number | string };

const SETS: Readonly<Record<string, CharSet>> = {
  d: DIGIT,
  D: complement(DIGIT),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
  h: HORIZONTAL,
  H: complement(HORIZONTAL),
  v: VERTICAL,
  V: complement(VERTICAL),
  N: NOT_NEWLINE,
};

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: "start",
  // The match is always looked for from the beginning of the text.
  G: "start",
  z: "end",
  Z: "end-or-newline",
  b: "word",
  B: "not-word",
};

const CONTROLS: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };

/** `\R`: any line break; CR LF is tried first. */
const LINE_BREAK: Node = {
  kind: "alternation",
  items: [
    { kind: "sequence", items: [{ kind: "set", set: [13, 13] }, { kind: "set", set: [10, 10] }] },
    { kind: "set", set: VERTICAL },
  ],
};

/** An escape outside of a class. `groups` is the number of groups opened so far. */
export function parseEscape(reader: Reader, groups: number): Escape {
  const offset = reader.at;
  const c = reader.text[offset + 1];
  if (c === undefined) return reader.fail("a backslash ends the expression");
  const set = SETS[c];
  if (set !== undefined) return skip(reader, { kind: "set", set });
  const what = ASSERTIONS[c];
  if (what !== undefined) return skip(reader, { kind: "assert", what });
  if (c === "R") return skip(reader, { kind: "node", node: LINE_BREAK });
  if (c === "g" || c === "k") return reference(reader, groups);
  if (c >= "1" && c <= "9") {
    const digits = /^[0-9]{1,3}/.exec(reader.text.slice(offset + 1, offset + 4))![0];
    const group = Number(digits);
    // PCRE: one digit is always a reference; more are octal when there is no such group.
    if (digits.length === 1 || group <= groups) {
      reader.at += 1 + digits.length;
      return { kind: "reference", group };
    }
  }
  return { kind: "char", code: charEscape(reader, c) };
}

/** An escape inside a class: one character, or a set. */
export function classEscape(reader: Reader): number | CharSet {
  const c = reader.text[reader.at + 1];
  if (c === undefined) return reader.fail("a backslash ends the expression");
  const set = c === "N" ? undefined : SETS[c];
  if (set !== undefined) {
    reader.at += 2;
    return set;
  }
  if (c === "b") {
    reader.at += 2;
    return 8;
  }
  if (c === "Q" || c === "E") reader.fail(`"\\${c}" in a class is not supported`);
  return charEscape(reader, c);
}

function skip(reader: Reader, escape: Escape): Escape {
  reader.at += 2;
  return escape;
}

function reference(reader: Reader, groups: number): Escape {
  const offset = reader.at;
  const match = /^\\(?:g(?:\{([+-]?[0-9]{1,3}|[A-Za-z_]\w*)\}|(-?[0-9]{1,3}))|k(?:\{(\w+)\}|<(\w+)>|'(\w+)'))/
    .exec(reader.text.slice(offset, offset + 48));
  if (match === null) return reader.fail("subroutine calls are not supported");
  reader.at += match[0].length;
  const wanted = match.slice(1).find((part) => part !== undefined)!;
  if (!/^[+-]?[0-9]/.test(wanted)) return { kind: "reference", group: wanted };
  return { kind: "reference", group: wanted.startsWith("-") ? groups + 1 + Number(wanted) : Number(wanted) };
}

function charEscape(reader: Reader, c: string): number {
  const offset = reader.at;
  const rest = reader.text.slice(offset + 1, offset + 14);
  const control = CONTROLS[c];
  if (control !== undefined) {
    reader.at += 2;
    return control;
  }
  if (c === "x") {
    const braced = /^x\{([0-9a-fA-F]{1,6})\}/.exec(rest);
    const match = braced ?? /^x([0-9a-fA-F]{0,2})/.exec(rest)!;
    reader.at += 1 + match[0].length;
    return codePoint(reader, parseInt(match[1] || "0", 16), offset);
  }
  if (c === "o" && rest[1] === "{") {
    const match = /^o\{([0-7]{1,7})\}/.exec(rest);
    if (match === null) return reader.fail("octal digits expected");
    reader.at += 1 + match[0].length;
    return codePoint(reader, parseInt(match[1]!, 8), offset);
  }
  if (c >= "0" && c <= "7") {
    const digits = /^[0-7]{1,3}/.exec(rest)![0];
    reader.at += 1 + digits.length;
    return parseInt(digits, 8);
  }
  if (c === "c") {
    const next = reader.text.charCodeAt(offset + 2);
    if (!(next >= 0x20 && next < 0x7f)) return reader.fail("a printable character expected after \\c");
    reader.at += 3;
    return String.fromCharCode(next).toUpperCase().charCodeAt(0) ^ 0x40;
  }
  if (/[A-Za-z0-9]/.test(c)) return reader.fail(`"\\${c}" is not supported`);
  const code = reader.text.codePointAt(offset + 1)!;
  reader.at += 1 + (code > 0xffff ? 2 : 1);
  return code;
}

function codePoint(reader: Reader, code: number, offset: number): number {
  if (code > MAX_CODE_POINT || (code >= 0xd800 && code <= 0xdfff)) reader.fail("no such character", offset);
  return code;
}
