/**
 * Sets of characters as sorted, disjoint, inclusive ranges of code points.
 *
 * @module
 */

/** `[from, to, from, to, ...]`, ascending, with at least one code point between ranges. */
export type CharSet = readonly number[];

/** Highest code point; also what an open end is written as. */
export const MAX_CODE_POINT = 0x10ffff;

export const ANY: CharSet = [0, MAX_CODE_POINT];
export const DIGIT: CharSet = [0x30, 0x39];
export const WORD: CharSet = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
/** PCRE's `\s`: ASCII only, with the vertical tab. */
export const SPACE: CharSet = [0x09, 0x0d, 0x20, 0x20];
/** PCRE's `\h` among the first 256. */
export const HORIZONTAL: CharSet = [0x09, 0x09, 0x20, 0x20, 0xa0, 0xa0];
/** PCRE's `\v` among the first 256. */
export const VERTICAL: CharSet = [0x0a, 0x0d, 0x85, 0x85];
/** PCRE's `.` without (?s), and `\N`: only the line feed ends a line. */
export const NOT_NEWLINE: CharSet = [0, 0x09, 0x0b, MAX_CODE_POINT];

/** POSIX classes in the C locale. */
export const POSIX: Readonly<Record<string, CharSet>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  ascii: [0, 0x7f],
  blank: [0x09, 0x09, 0x20, 0x20],
  cntrl: [0, 0x1f, 0x7f, 0x7f],
  digit: DIGIT,
  graph: [0x21, 0x7e],
  lower: [0x61, 0x7a],
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: SPACE,
  upper: [0x41, 0x5a],
  word: WORD,
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
};

/** The set of one character. */
export function single(codePoint: number): CharSet {
  return [codePoint, codePoint];
}

/** All that is in one of the sets. */
export function union(...sets: readonly CharSet[]): CharSet {
  const ranges: [number, number][] = [];
  for (const set of sets) for (let i = 0; i < set.length; i += 2) ranges.push([set[i]!, set[i + 1]!]);
  ranges.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [from, to] of ranges) {
    const end = out.length - 1;
    if (end > 0 && from <= out[end]! + 1) {
      if (to > out[end]!) out[end] = to;
    } else out.push(from, to);
  }
  return out;
}

/** All that is not in the set. */
export function complement(set: CharSet): CharSet {
  const out: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > next) out.push(next, set[i]! - 1);
    next = set[i + 1]! + 1;
  }
  if (next <= MAX_CODE_POINT) out.push(next, MAX_CODE_POINT);
  return out;
}

/** True when both sets share a character. */
export function intersects(a: CharSet, b: CharSet): boolean {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i + 1]! < b[j]!) i += 2;
    else if (b[j + 1]! < a[i]!) j += 2;
    else return true;
  }
  return false;
}

export function contains(set: CharSet, codePoint: number): boolean {
  for (let i = 0; i < set.length; i += 2) {
    if (codePoint < set[i]!) return false;
    if (codePoint <= set[i + 1]!) return true;
  }
  return false;
}

export function sameSet(a: CharSet, b: CharSet): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/**
 * Adds the other case of every letter. ASCII letters only have ASCII partners (as PCRE in the C locale); other letters
 * get the single-character partners that JavaScript knows, as long as the range is small, or none if `asciiOnly`.
 */
export function foldCase(set: CharSet, asciiOnly: boolean): CharSet {
  const extra: CharSet[] = [set];
  for (let i = 0; i < set.length; i += 2) {
    const from = set[i]!;
    const to = set[i + 1]!;
    const upperFrom = Math.max(from, 0x41);
    const upperTo = Math.min(to, 0x5a);
    if (upperFrom <= upperTo) extra.push([upperFrom + 32, upperTo + 32]);
    const lowerFrom = Math.max(from, 0x61);
    const lowerTo = Math.min(to, 0x7a);
    if (lowerFrom <= lowerTo) extra.push([lowerFrom - 32, lowerTo - 32]);
    const first = Math.max(from, 0x80);
    if (asciiOnly || to - first > 512) continue;
    for (let code = first; code <= to; code++) {
      for (const other of [String.fromCodePoint(code).toLowerCase(), String.fromCodePoint(code).toUpperCase()]) {
        const partner = other.codePointAt(0)!;
        if (partner >= 0x80 && other.length === String.fromCodePoint(partner).length) extra.push(single(partner));
      }
    }
  }
  return extra.length === 1 ? set : union(...extra);
}
