/**
 * Possessive quantifiers and atomic groups: neither engine has them. They are dropped where giving back could not lead
 * to a match anyway, and refused elsewhere.
 *
 * @module
 */
import { buildAutomaton } from "./automaton.ts";
import { contains, intersects } from "./char-set.ts";
import { type Node, PatternError, type Repeat, some } from "./tree.ts";

/** @throws {PatternError} one of them changes what is matched */
export function checkPossessive(root: Node): void {
  const found: (Repeat | (Node & { kind: "atomic" }))[] = [];
  some(root, (node) => {
    if (node.kind === "repeat" && node.mode === "possessive") found.push(node);
    if (node.kind === "atomic") found.push(node);
    return false;
  });
  if (found.length === 0) return;
  const plain = found.filter((node) => node.kind === "repeat");
  for (const node of found) {
    if (node.kind === "atomic" && !isDeterministic(node.item)) {
      throw new PatternError("an atomic group like this is not supported", node.offset);
    }
  }
  if (plain.length === 0) return;
  const { sets, follow, loops } = buildAutomaton(root);
  const first = leading(root);
  for (const node of plain) {
    const given = (loops.get(node) ?? []).some((copy) => {
      const positions = new Set(copy);
      return copy.some((p) => [...follow[p]!.keys()].some((q) => !positions.has(q) && intersects(sets[p]!, sets[q]!)));
    });
    const single = node.item.kind === "set";
    if (!single || given || some(root, (other) => !first.has(other) && mayHoldEarlier(other, node))) {
      throw new PatternError("a possessive quantifier like this is not supported", node.offset);
    }
  }
}

/** Assertions that nothing can stand before. */
function leading(root: Node): ReadonlySet<Node> {
  const found = new Set<Node>();
  /** Whether what follows is leading too. */
  function walk(node: Node): boolean {
    switch (node.kind) {
      case "assert":
        found.add(node);
        return true;
      case "sequence":
        return node.items.every(walk);
      case "alternation":
        return node.items.map(walk).every((still) => still);
      case "capture":
      case "atomic":
        return walk(node.item);
      case "set":
      case "repeat":
      case "look":
      case "back-reference":
        return false;
      default:
        return node satisfies never;
    }
  }
  walk(root);
  return found;
}

/** True when the assertion could hold after some characters were given back. */
function mayHoldEarlier(other: Node, loop: Repeat): boolean {
  if (other.kind === "look" || other.kind === "back-reference") return true;
  if (other.kind !== "assert") return false;
  if (other.what === "word" || other.what === "not-word") return true;
  if (other.what === "start" || other.what === "line-start") return true;
  return other.what !== "end" && loop.item.kind === "set" && contains(loop.item.set, 10);
}

/** At any place it matches in at most one way. */
function isDeterministic(node: Node): boolean {
  const paths = fixedPaths(node);
  if (paths === undefined) return false;
  return paths.every((a, i) =>
    paths.slice(i + 1).every((b) => a.some((set, at) => at < b.length && !intersects(set, b[at]!)))
  );
}

/** All texts that a loop-free node matches, as sequences of sets; `undefined`: too many, or loops. */
function fixedPaths(node: Node): (readonly (readonly number[])[])[] | undefined {
  switch (node.kind) {
    case "set":
      return [[node.set]];
    case "capture":
      return fixedPaths(node.item);
    case "alternation": {
      const all = node.items.map(fixedPaths);
      return all.length > 64 || all.includes(undefined) ? undefined : all.flatMap((paths) => paths!);
    }
    case "sequence": {
      let out: (readonly (readonly number[])[])[] = [[]];
      for (const item of node.items) {
        const paths = fixedPaths(item);
        if (paths === undefined || out.length * paths.length > 64) return undefined;
        out = out.flatMap((head) => paths.map((tail) => [...head, ...tail]));
      }
      return out;
    }
    case "assert":
    case "repeat":
    case "atomic":
    case "look":
    case "back-reference":
      return undefined;
    default:
      return node satisfies never;
  }
}
