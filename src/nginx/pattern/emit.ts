/**
 * Tree -> source text of an engine.
 *
 * @module
 */
import { type CharSet, complement, DIGIT, MAX_CODE_POINT, NOT_NEWLINE, sameSet, WORD } from "./char-set.ts";
import type { Assertion, Node, Repeat } from "./tree.ts";

/** `native`: RegExp of JavaScript; `linear`: RE2. */
export type Dialect = "native" | "linear";

const ASSERTIONS: Readonly<Record<Dialect, Readonly<Record<Assertion, string>>>> = {
  native: {
    "start": "^",
    // not behind a line feed that ends the text
    "line-start": "(?:^|(?<=\\n)(?!$))",
    "end": "$",
    "end-or-newline": "(?=\\n?$)",
    "line-end": "(?![^\\n])",
    "word": "\\b",
    "not-word": "\\B",
  },
  linear: {
    "start": "\\A",
    "line-start": "(?m:^)",
    "end": "\\z",
    // RE2 has nothing like it; a matcher that sees this `$` tries again without the last line feed.
    "end-or-newline": "$",
    "line-end": "(?m:$)",
    "word": "\\b",
    "not-word": "\\B",
  },
};

export function emit(node: Node, dialect: Dialect): string {
  switch (node.kind) {
    case "set":
      return emitSet(node.set, dialect);
    case "assert":
      return ASSERTIONS[dialect][node.what];
    case "sequence":
      return node.items.map((item) => item.kind === "alternation" ? group(item, dialect) : emit(item, dialect)).join(
        "",
      );
    case "alternation":
      return node.items.map((item) => emit(item, dialect)).join("|");
    case "repeat":
      return emitRepeat(node, dialect);
    case "capture": {
      const name = node.name === undefined ? "" : dialect === "native" ? `?<${node.name}>` : `?P<${node.name}>`;
      return `(${name}${emit(node.item, dialect)})`;
    }
    case "atomic":
      return group(node.item, dialect);
    case "look":
      return `(?${node.behind ? "<" : ""}${node.negated ? "!" : "="}${emit(node.item, dialect)})`;
    case "back-reference":
      return `(?:\\${node.group.index})`;
    default:
      return node satisfies never;
  }
}

function group(node: Node, dialect: Dialect): string {
  return `(?:${emit(node, dialect)})`;
}

function emitRepeat(node: Repeat, dialect: Dialect): string {
  const item = node.item.kind === "set" || node.item.kind === "capture"
    ? emit(node.item, dialect)
    : group(node.item, dialect);
  const { min, max } = node;
  let quantifier: string;
  if (min === 0 && max === Infinity) quantifier = "*";
  else if (min === 1 && max === Infinity) quantifier = "+";
  else if (min === 0 && max === 1) quantifier = "?";
  else if (min === max) quantifier = `{${min}}`;
  else quantifier = `{${min},${max === Infinity ? "" : max}}`;
  return item + quantifier + (node.mode === "lazy" ? "?" : "");
}

function emitSet(set: CharSet, dialect: Dialect): string {
  if (set.length === 0) return dialect === "native" ? "[]" : "[^\\x{0}-\\x{10FFFF}]";
  if (set.length === 2 && set[0] === 0 && set[1] === MAX_CODE_POINT) return dialect === "native" ? "[^]" : "(?s:.)";
  if (set.length === 2 && set[0] === set[1]) return literal(set[0]!, dialect, /[\\^$.*+?()[\]{}|]/);
  if (sameSet(set, NOT_NEWLINE)) return "[^\\n]";
  if (sameSet(set, DIGIT)) return "\\d";
  if (sameSet(set, WORD)) return "\\w";
  const negated = set.at(-1) === MAX_CODE_POINT;
  const ranges = negated ? complement(set) : set;
  let out = negated ? "[^" : "[";
  for (let i = 0; i < ranges.length; i += 2) {
    const from = ranges[i]!;
    const to = ranges[i + 1]!;
    out += literal(from, dialect, /[\\\]^[-]/);
    if (to === from) continue;
    if (to > from + 1) out += "-";
    out += literal(to, dialect, /[\\\]^[-]/);
  }
  return out + "]";
}

function literal(code: number, dialect: Dialect, special: RegExp): string {
  if (code === 10) return "\\n";
  const plain = code > 0x20 && code < 0x7f;
  if (plain || code === 0x20) {
    const c = String.fromCharCode(code);
    // Never a bare or escaped `$` in the linear dialect, so that one stands for the assertion alone.
    if (c === "$" && dialect === "linear") return "\\x24";
    return special.test(c) ? `\\${c}` : c;
  }
  const hex = code.toString(16);
  if (dialect === "linear") return `\\x{${hex}}`;
  if (code > 0xffff) return `\\u{${hex}}`;
  return code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
}
