/**
 * Where a match may begin, and what at the end of an expression cannot fail.
 *
 * @module
 */
import { ANY, NOT_NEWLINE, sameSet } from "./char-set.ts";
import type { Entry } from "./ambiguity.ts";
import type { Node } from "./tree.ts";

/** As the expression is written. */
export function writtenEntry(node: Node): Entry {
  return entryOf(node, true, (first) => {
    if (first.kind !== "assert") return "anywhere";
    return first.what === "start" ? "start" : first.what === "line-start" ? "line" : "anywhere";
  });
}

/**
 * As PCRE optimises: an expression that begins with `.*` finds nothing in the middle of a line that it would not have
 * found from its start. Not to be asked when there are back-references.
 */
export function impliedEntry(node: Node): Entry {
  // a look around before the loop may hold in the middle of a line only
  return entryOf(node, false, (first) => {
    if (first.kind === "assert") return writtenEntry(first);
    if (first.kind !== "repeat" || first.max !== Infinity || first.item.kind !== "set") return "anywhere";
    if (sameSet(first.item.set, ANY)) return "start";
    return sameSet(first.item.set, NOT_NEWLINE) ? "line" : "anywhere";
  });
}

const ORDER: readonly Entry[] = ["start", "line", "anywhere"];

function entryOf(node: Node, pastLooks: boolean, first: (node: Node) => Entry): Entry {
  switch (node.kind) {
    case "sequence": {
      const head = pastLooks ? node.items.find((item) => item.kind !== "look") : node.items[0];
      return head === undefined ? "anywhere" : entryOf(head, pastLooks, first);
    }
    case "capture":
    case "atomic":
      return entryOf(node.item, pastLooks, first);
    case "alternation":
      return node.items.reduce<Entry>((weakest, item) => {
        const entry = entryOf(item, pastLooks, first);
        return ORDER.indexOf(entry) > ORDER.indexOf(weakest) ? entry : weakest;
      }, "start");
    case "set":
    case "assert":
    case "repeat":
    case "look":
    case "back-reference":
      return first(node);
    default:
      return node satisfies never;
  }
}

/** The tree without loops over one character at its very end: whatever they take, the match is made. */
export function withoutTail(node: Node): Node {
  switch (node.kind) {
    case "repeat":
      if (node.item.kind !== "set" || node.max !== Infinity) return node;
      return { ...node, max: node.min, mode: "greedy" };
    case "capture":
      return { ...node, item: withoutTail(node.item) };
    case "sequence": {
      const items = [...node.items];
      for (let i = items.length - 1; i >= 0; i--) {
        const trimmed = withoutTail(items[i]!);
        if (trimmed === items[i]) break;
        items[i] = trimmed;
        // What stands before is last only when nothing of this one is left.
        if (!(trimmed.kind === "repeat" && trimmed.max === 0)) break;
      }
      return { kind: "sequence", items };
    }
    case "set":
    case "assert":
    case "alternation":
    case "atomic":
    case "look":
    case "back-reference":
      return node;
    default:
      return node satisfies never;
  }
}
