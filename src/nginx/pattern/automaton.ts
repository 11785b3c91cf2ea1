/**
 * Tree -> position automaton (Glushkov) whose edges count in how many ways they can be taken. A backtracking engine
 * walks exactly these ways, so counting them bounds its work.
 *
 * @module
 */
import { type CharSet } from "./char-set.ts";
import type { Node, Repeat } from "./tree.ts";

/** Positions beyond this: the expression is too large to be compiled at all. */
const MAX_POSITIONS = 4000;

/** Position -> number of ways to get there. */
export type Ways = Map<number, number>;

/** Thrown while building; caught by the caller, who knows the offset. */
export class TooLarge extends RangeError {}

export interface Automaton {
  /** Character set of each position. */
  readonly sets: CharSet[];
  /** From each position to the next ones. */
  readonly follow: Ways[];
  readonly first: Ways;
  /** Positions of possessive repeats, for each of their copies. */
  readonly loops: Map<Repeat, number[][]>;
}

interface Fragment {
  /** Ways through without a character. */
  readonly empty: number;
  readonly first: Ways;
  readonly last: Ways;
}

/** Counts above this are all the same: too many. */
const MANY = 1 << 20;

/** Looks around and assertions count as empty, back-references as what their group may match: never too few ways. */
export function buildAutomaton(root: Node): Automaton {
  const sets: CharSet[] = [];
  const follow: Ways[] = [];
  const loops = new Map<Repeat, number[][]>();
  let edges = 0;

  function connect(from: Ways, to: Ways): void {
    for (const [p, ways] of from) {
      const targets = follow[p]!;
      for (const [q, more] of to) {
        if (++edges > 200_000) throw new TooLarge();
        add(targets, q, ways * more);
      }
    }
  }

  function build(node: Node): Fragment {
    switch (node.kind) {
      case "set": {
        if (sets.length >= MAX_POSITIONS) throw new TooLarge();
        const position = sets.push(node.set) - 1;
        follow.push(new Map());
        return { empty: 0, first: new Map([[position, 1]]), last: new Map([[position, 1]]) };
      }
      case "assert":
      case "look":
        return EMPTY;
      case "capture":
      case "atomic":
        return build(node.item);
      case "back-reference":
        return build(node.group.item);
      case "alternation": {
        const parts = node.items.map(build);
        const out: Fragment = {
          empty: Math.min(MANY, parts.reduce((sum, part) => sum + part.empty, 0)),
          first: new Map(),
          last: new Map(),
        };
        for (const part of parts) {
          merge(out.first, part.first, 1);
          merge(out.last, part.last, 1);
        }
        return out;
      }
      case "sequence":
        return node.items.reduce<Fragment>((left, item) => concat(left, build(item)), EMPTY);
      case "repeat":
        return repeat(node);
      default:
        return node satisfies never;
    }
  }

  function concat(left: Fragment, right: Fragment): Fragment {
    connect(left.last, right.first);
    const first = new Map(left.first);
    if (left.empty > 0) merge(first, right.first, left.empty);
    const last = new Map(right.last);
    if (right.empty > 0) merge(last, left.last, right.empty);
    return { empty: Math.min(MANY, left.empty * right.empty), first, last };
  }

  function repeat(node: Repeat): Fragment {
    const start = sets.length;
    let out: Fragment = EMPTY;
    for (let n = 0; n < node.min - (node.max === Infinity ? 1 : 0); n++) out = concat(out, build(node.item));
    if (node.max === Infinity) {
      const loop = build(node.item);
      connect(loop.last, loop.first);
      out = concat(out, node.min === 0 ? { ...loop, empty: Math.min(MANY, loop.empty + 1) } : loop);
    } else {
      // a{2,4} is aa(a(a)?)?
      let tail: Fragment = EMPTY;
      for (let n = node.min; n < node.max; n++) {
        const part = concat(build(node.item), tail);
        tail = { ...part, empty: Math.min(MANY, part.empty + 1) };
      }
      out = concat(out, tail);
    }
    if (node.mode === "possessive") {
      const copy: number[] = [];
      for (let p = start; p < sets.length; p++) copy.push(p);
      loops.set(node, [...loops.get(node) ?? [], copy]);
    }
    return out;
  }

  const { first } = build(root);
  return { sets, follow, first, loops };
}

const EMPTY: Fragment = { empty: 1, first: new Map(), last: new Map() };

function add(ways: Ways, position: number, count: number): void {
  ways.set(position, Math.min(MANY, (ways.get(position) ?? 0) + count));
}

function merge(into: Ways, from: Ways, factor: number): void {
  for (const [position, count] of from) add(into, position, count * factor);
}
