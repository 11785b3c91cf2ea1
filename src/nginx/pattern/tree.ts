/**
 * A parsed regular expression. Inline flags are resolved while parsing: case-insensitive characters hold both cases,
 * dots and anchors say what they mean.
 *
 * @module
 */
import type { CharSet } from "./char-set.ts";

export type Node =
  | { readonly kind: "set"; readonly set: CharSet }
  | { readonly kind: "assert"; readonly what: Assertion }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "alternation"; readonly items: readonly Node[] }
  | Repeat
  | Capture
  | { readonly kind: "atomic"; readonly item: Node; readonly offset: number }
  | Look
  | {
    readonly kind: "back-reference";
    /** Number of a group that is closed before this place and surely set. */
    readonly group: Capture;
    readonly ignoreCase: boolean;
    readonly offset: number;
  };

/**
 * `start`: of the text; `line-start`; `end`: the very end (`\z`); `end-or-newline`: the end, or before a last line feed
 * (PCRE's `$` and `\Z`); `line-end`; word boundary and its negation.
 */
export type Assertion = "start" | "line-start" | "end" | "end-or-newline" | "line-end" | "word" | "not-word";

export interface Repeat {
  readonly kind: "repeat";
  readonly item: Node;
  readonly min: number;
  /** Infinity: no limit. */
  readonly max: number;
  readonly mode: "greedy" | "lazy" | "possessive";
  readonly offset: number;
}

export interface Capture {
  readonly kind: "capture";
  readonly index: number;
  readonly name: string | undefined;
  readonly item: Node;
}

export interface Look {
  readonly kind: "look";
  readonly behind: boolean;
  readonly negated: boolean;
  readonly item: Node;
  readonly offset: number;
}

/** Parts of a node. */
function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case "sequence":
    case "alternation":
      return node.items;
    case "repeat":
    case "capture":
    case "atomic":
    case "look":
      return [node.item];
    case "set":
    case "assert":
    case "back-reference":
      return [];
    default:
      return node satisfies never;
  }
}

/** Longest text that the node matches, in characters; Infinity when there is no limit. */
export function maxLength(node: Node): number {
  switch (node.kind) {
    case "set":
      return 1;
    case "assert":
    case "look":
      return 0;
    case "sequence":
      return node.items.reduce((sum, item) => sum + maxLength(item), 0);
    case "alternation":
      return node.items.reduce((most, item) => Math.max(most, maxLength(item)), 0);
    case "repeat": {
      const length = maxLength(node.item);
      return length === 0 || node.max === 0 ? 0 : length * node.max;
    }
    case "capture":
    case "atomic":
      return maxLength(node.item);
    case "back-reference":
      return maxLength(node.group);
    default:
      return node satisfies never;
  }
}

/** True when the test holds for any node of the tree. */
export function some(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || children(node).some((child) => some(child, test));
}

/** A regular expression that cannot be honoured; `offset` counts characters from 0 in the text as the user wrote it. */
export class PatternError extends SyntaxError {
  override readonly name = "PatternError";

  constructor(message: string, readonly offset: number) {
    super(message);
  }
}
