/**
 * Rounds of a repeat that take nothing. PCRE goes through such a round once, sets the groups in it, and then leaves the
 * repeat; the engines here refuse the round and try something else. The tree is written so that they come to the same,
 * or the expression is refused.
 *
 * @see https://www.pcre.org/current/doc/html/pcre2compat.html
 * @module
 */
import { type Node, PatternError, type Repeat, some } from "./tree.ts";

/** Can it match without a character: never, only where an assertion holds, anywhere. */
type Emptiness = "never" | "sometimes" | "always";

/** The tree with empty rounds written out. @throws {PatternError} they cannot be */
export function writeEmptyRounds(node: Node): Node {
  switch (node.kind) {
    case "set":
    case "assert":
    case "back-reference":
      return node;
    case "sequence":
    case "alternation":
      return { ...node, items: node.items.map(writeEmptyRounds) };
    case "capture":
    case "atomic":
    case "look":
      return { ...node, item: writeEmptyRounds(node.item) };
    case "repeat":
      return writeRepeat(node, writeEmptyRounds(node.item));
    default:
      return node satisfies never;
  }
}

function writeRepeat(node: Repeat, item: Node): Node {
  const repeat = { ...node, item };
  const emptiness = emptinessOf(item);
  if (emptiness === "never" || node.min === node.max) return repeat;
  if (node.max === 1) {
    const nothing: Node = { kind: "sequence", items: [] };
    return { kind: "alternation", items: node.mode === "lazy" ? [nothing, item] : [item, nothing] };
  }
  if (!takesWhatItCan(item)) {
    throw new PatternError("a repeat of what would rather match nothing is not supported", node.offset);
  }
  if (node.mode === "lazy" || !some(item, isCapture)) return repeat;
  // The last round, which is empty unless there is no room for it, is the one whose groups are seen.
  if (emptiness === "sometimes" || some(item, mayKeep) || some(item, (each) => each.kind === "back-reference")) {
    throw new PatternError("a repeat like this of groups that may match nothing is not supported", node.offset);
  }
  const rounds = node.max - 1;
  const before: Repeat = { ...node, item: withoutCaptures(item), min: rounds === Infinity ? 0 : rounds, max: rounds };
  return { kind: "sequence", items: [before, item] };
}

function emptinessOf(node: Node): Emptiness {
  switch (node.kind) {
    case "set":
      return "never";
    case "assert":
    case "look":
      return "sometimes";
    case "sequence": {
      const parts = node.items.map(emptinessOf);
      return parts.includes("never") ? "never" : parts.includes("sometimes") ? "sometimes" : "always";
    }
    case "alternation": {
      const parts = node.items.map(emptinessOf);
      return parts.includes("always") ? "always" : parts.includes("sometimes") ? "sometimes" : "never";
    }
    case "capture":
    case "atomic":
      return emptinessOf(node.item);
    case "repeat":
      return node.min === 0 ? "always" : emptinessOf(node.item);
    case "back-reference":
      return emptinessOf(node.group) === "never" ? "never" : "sometimes";
    default:
      return node satisfies never;
  }
}

/** Nothing is the last that it tries to match. */
function takesWhatItCan(node: Node): boolean {
  if (emptinessOf(node) === "never") return true;
  switch (node.kind) {
    case "set":
    case "assert":
    case "look":
    case "back-reference":
      return true;
    case "sequence":
      return node.items.every(takesWhatItCan);
    case "alternation":
      return node.items.every((item, i) =>
        takesWhatItCan(item) && (i === node.items.length - 1 || emptinessOf(item) === "never")
      );
    case "capture":
    case "atomic":
      return takesWhatItCan(node.item);
    case "repeat":
      return (node.mode !== "lazy" || node.max === 0) && takesWhatItCan(node.item);
    default:
      return node satisfies never;
  }
}

function isCapture(node: Node): boolean {
  return node.kind === "capture";
}

/** A round may leave groups as the one before it set them. */
function mayKeep(node: Node): boolean {
  return (node.kind === "alternation" || (node.kind === "repeat" && node.min === 0)) && some(node, isCapture);
}

function withoutCaptures(node: Node): Node {
  switch (node.kind) {
    case "set":
    case "assert":
    case "back-reference":
      return node;
    case "sequence":
    case "alternation":
      return { ...node, items: node.items.map(withoutCaptures) };
    case "capture":
      return withoutCaptures(node.item);
    case "atomic":
    case "look":
    case "repeat":
      return { ...node, item: withoutCaptures(node.item) };
    default:
      return node satisfies never;
  }
}
