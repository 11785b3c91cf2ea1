/**
 * Decides whether a backtracking engine runs an expression in linear time for every text.
 *
 * The automaton is made deterministic with weights: a state says how many ways lead to each position by the text read
 * so far. Once all reachable states are known and none has more than {@link MAX_WAYS} ways in all, the engine visits at
 * most that many positions per character. Exponential and polynomial ambiguity (`(a+)+`, `a*a*`, and an unanchored
 * loop that every start position enters again) make the sums grow without end, so they exceed the limit and are
 * refused; so is an expression with too many states. The answer is never a wrong "yes".
 *
 * @see https://doi.org/10.1007/978-3-319-40946-7_27 (Weideman et al., ambiguity and matching time)
 * @module
 */
import { buildAutomaton } from "./automaton.ts";
import { contains, MAX_CODE_POINT } from "./char-set.ts";
import type { Node } from "./tree.ts";

/** Ways kept open at a time in an expression that still counts as linear. */
export const MAX_WAYS = 100;
const MAX_STATES = 5000;
const MAX_STEPS = 1_000_000;

/** Where a match may begin: at the start of the text, after any line feed, anywhere. */
export type Entry = "start" | "line" | "anywhere";

/** True when it is proven that matching takes at most about {@link MAX_WAYS} steps per character. */
export function isLinear(root: Node, entry: Entry): boolean {
  const { sets, follow, first } = buildAutomaton(root);
  const alphabet = symbols(sets, entry === "line").map((symbol) => ({
    ...symbol,
    first: new Map([...first].filter(([position]) => symbol.positions.has(position))),
  }));
  // Two more positions before the first: at a place where a match may begin, and at one where it may not.
  const OPEN = sets.length;
  const CLOSED = sets.length + 1;
  const seen = new Set<string>();
  const queue: Map<number, number>[] = [new Map([[OPEN, 1]])];
  let steps = 0;
  while (queue.length > 0) {
    const state = queue.pop()!;
    for (const symbol of alphabet) {
      const next = new Map<number, number>();
      let total = 0;
      for (const [position, ways] of state) {
        if (position >= OPEN) {
          const newline = symbol.representative === 10;
          if (entry === "anywhere") next.set(OPEN, 1);
          else if (entry === "line") next.set(newline ? OPEN : CLOSED, 1);
          if (position === CLOSED) continue;
        }
        for (const [target, more] of position === OPEN ? symbol.first : follow[position]!) {
          steps++;
          if (!symbol.positions.has(target)) continue;
          total += ways * more;
          if (total > MAX_WAYS) return false;
          next.set(target, (next.get(target) ?? 0) + ways * more);
        }
      }
      if (steps > MAX_STEPS) return false;
      if (next.size === 0) continue;
      const key = [...next].sort((a, b) => a[0] - b[0]).join(";");
      if (seen.has(key)) continue;
      if (seen.size >= MAX_STATES) return false;
      seen.add(key);
      queue.push(next);
    }
  }
  return true;
}

/** Characters that no set of an expression tells apart. */
export interface Symbol {
  readonly representative: number;
  readonly positions: ReadonlySet<number>;
}

/** @param newline the line feed is a symbol of its own */
export function symbols(sets: readonly (readonly number[])[], newline: boolean): Symbol[] {
  const starts = new Set([0]);
  if (newline) starts.add(10).add(11);
  const distinct = new Map<string, { set: readonly number[]; positions: number[] }>();
  sets.forEach((set, position) => {
    const key = set.join();
    const same = distinct.get(key);
    if (same !== undefined) return void same.positions.push(position);
    distinct.set(key, { set, positions: [position] });
    for (let i = 0; i < set.length; i += 2) {
      starts.add(set[i]!);
      if (set[i + 1]! < MAX_CODE_POINT) starts.add(set[i + 1]! + 1);
    }
  });
  const groups = [...distinct.values()];
  const out = new Map<string, Symbol>();
  for (const representative of starts) {
    const members = groups.flatMap((group, i) => contains(group.set, representative) ? [i] : []);
    const key = `${newline && representative === 10}:${members.join()}`;
    if (out.has(key)) continue;
    out.set(key, { representative, positions: new Set(members.flatMap((i) => groups[i]!.positions)) });
  }
  return [...out.values()];
}
