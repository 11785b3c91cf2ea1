/**
 * Text of a user -> {@link Pattern} with the engine that is safe for it.
 *
 * @module
 */
import { RE2JS } from "re2js";
import type { Pattern } from "../../snapshot/snapshot.ts";
import { type Entry, isLinear, MAX_WAYS } from "./ambiguity.ts";
import { impliedEntry, withoutTail, writtenEntry } from "./anchor.ts";
import { buildAutomaton, TooLarge } from "./automaton.ts";
import { emit } from "./emit.ts";
import { writeEmptyRounds } from "./empty-round.ts";
import { parsePattern } from "./parse.ts";
import { checkPossessive } from "./possessive.ts";
import { type Look, maxLength, type Node, PatternError, some } from "./tree.ts";
import { maxWidth } from "./width.ts";

export interface PatternOptions {
  /** `~*` rather than `~`. */
  readonly caseInsensitive: boolean;
  /** Put before the text, as ingress-nginx does with paths. */
  readonly prefix?: "^";
  /** Text and subjects are bytes, one character each: only ASCII letters have cases. Default: false. */
  readonly bytes?: boolean;
}

export type PatternResult =
  | { readonly ok: true; readonly pattern: Pattern }
  | {
    readonly ok: false;
    /** What is wrong, with what was wanted; no full stop. */
    readonly message: string;
    /** Characters from the start of the text as given, from 0. */
    readonly offset: number;
  };

/** Largest program for the linear engine that `{n,m}` may blow up to. */
const MAX_LINEAR_POSITIONS = 1000;

/** Translates PCRE and chooses the engine; never throws on bad text. */
export function compilePattern(text: string, options: PatternOptions): PatternResult {
  const prefix = options.prefix ?? "";
  try {
    return { ok: true, pattern: { text, ...translate(prefix + text, options) } };
  } catch (error) {
    if (error instanceof PatternError) {
      const offset = Math.min(text.length, Math.max(0, error.offset - prefix.length));
      return { ok: false, message: error.message, offset };
    }
    if (error instanceof TooLarge) return { ok: false, message: "the expression is too large", offset: 0 };
    throw error;
  }
}

function translate(text: string, options: PatternOptions): Omit<Pattern, "text"> {
  const parsed = parsePattern(text, options.caseInsensitive, options.bytes).root;
  checkPossessive(parsed);
  const root = writeEmptyRounds(parsed);
  const references = some(root, (node) => node.kind === "back-reference");
  const looks = some(root, (node) => node.kind === "look");
  const written = writtenEntry(root);
  const entry = written === "anywhere" && !references ? impliedEntry(root) : written;
  const reason = nativeProblem(root, entry);
  if (reason === undefined) return native(root, written === "anywhere" ? entry : written, written);
  if (references || looks) throw reason;
  return linear(root, written, Math.max(MAX_LINEAR_POSITIONS, text.length));
}

/** Why a backtracking engine must not run it. */
function nativeProblem(root: Node, entry: Entry): PatternError | undefined {
  const folded = new Set<boolean>();
  let problem: PatternError | undefined;
  const refuse = (message: string, offset: number): boolean => {
    problem ??= new PatternError(message, offset);
    return true;
  };
  some(root, (node) => {
    switch (node.kind) {
      case "back-reference":
        folded.add(node.ignoreCase);
        if (node.ignoreCase) {
          return refuse("a case-insensitive back-reference is not supported", node.offset);
        }
        if (maxLength(node.group) === Infinity) {
          return refuse("a back-reference to a group without a longest length is not supported", node.offset);
        }
        return false;
      case "look":
        if (node.behind && maxLength(node.item) === Infinity) {
          return refuse("a lookbehind without a longest length is not supported", node.offset);
        }
        if (!isLinear(withoutTail(node.item), "start")) {
          return refuse("a look around that could take more than linear time is not supported", node.offset);
        }
        return false;
      case "repeat":
        // JavaScript forgets the groups of the former round, PCRE and RE2 keep them.
        return node.max > 1 && mayForget(node.item)
          ? refuse("a group that only some rounds of a repeat set is not supported here", node.offset)
          : false;
      default:
        return false;
    }
  });
  if (problem !== undefined) return problem;
  const far = firstFarLook(root, entry === "start");
  if (far !== undefined) {
    return new PatternError(
      "a look around of any length is supported only before the first loop of an anchored expression",
      far.offset,
    );
  }
  if (!isLinear(withoutTail(root), entry)) {
    return new PatternError(
      "the expression could take more than linear time, and uses what only a backtracking engine has",
      0,
    );
  }
  return undefined;
}

function mayForget(item: Node): boolean {
  return some(item, (node) =>
    (node.kind === "alternation" || (node.kind === "repeat" && node.min === 0)) &&
    some(node, (inner) => inner.kind === "capture"));
}

/** A look around of unbounded length that could be tried at more than a few places of the text. */
function firstFarLook(root: Node, anchored: boolean): Look | undefined {
  let found: Look | undefined;
  function walk(node: Node, near: boolean): boolean {
    switch (node.kind) {
      case "look":
        if (!near && maxLength(node.item) === Infinity) found ??= node;
        walk(node.item, false);
        return near;
      case "sequence":
        return node.items.reduce((still, item) => walk(item, still), near);
      case "alternation":
        return node.items.map((item) => walk(item, near)).every((still) => still);
      case "capture":
      case "atomic":
        return walk(node.item, near);
      case "repeat": {
        const bounded = maxLength(node) !== Infinity;
        walk(node.item, near && bounded);
        return near && bounded;
      }
      case "back-reference":
      case "set":
      case "assert":
        return near;
      default:
        return node satisfies never;
    }
  }
  walk(root, anchored);
  return found;
}

function native(root: Node, entry: Entry, written: Entry): Omit<Pattern, "text"> {
  let source = emit(root, "native");
  if (written === "anywhere" && entry !== "anywhere") {
    const anchor = entry === "start" ? "^" : "(?<![^\\n])";
    source = anchor + (root.kind === "alternation" ? `(?:${source})` : source);
  }
  // Only characters beyond the BMP need the flag; without it the engines are faster.
  const flags = source.includes("\\u{") ? "u" : "";
  new RegExp(source, flags);
  return { source, flags, engine: "native" };
}

function linear(root: Node, entry: Entry, maxPositions: number): Omit<Pattern, "text"> {
  const positions = buildAutomaton(root).sets.length;
  if (positions > maxPositions) throw new TooLarge();
  if (positions > MAX_WAYS && maxWidth(root, entry) > MAX_WAYS) {
    throw new PatternError(`the expression could keep more than ${MAX_WAYS} ways open at a time`, 0);
  }
  const source = emit(root, "linear");
  try {
    RE2JS.compile(source);
  } catch (error) {
    throw new PatternError(`the expression is not supported: ${error instanceof Error ? error.message : error}`, 0);
  }
  return { source, flags: "", engine: "linear" };
}
