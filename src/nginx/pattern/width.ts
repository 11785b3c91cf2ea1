/**
 * How many positions of an expression the linear engine may have to keep in mind at a time: its work for a character is
 * proportional to this.
 *
 * @module
 */
import { type Entry, symbols } from "./ambiguity.ts";
import { buildAutomaton } from "./automaton.ts";
import type { Node } from "./tree.ts";

const MAX_STATES = 5000;
const MAX_STEPS = 1_000_000;

/** At most so many; the number of all positions when more takes too long to tell. */
export function maxWidth(root: Node, entry: Entry): number {
  const { sets, follow, first } = buildAutomaton(root);
  const alphabet = symbols(sets, entry === "line");
  const seen = new Set<string>();
  const queue: { readonly open: boolean; readonly positions: readonly number[] }[] = [{ open: true, positions: [] }];
  let widest = 0;
  let steps = 0;
  while (queue.length > 0) {
    const { open, positions } = queue.pop()!;
    for (const symbol of alphabet) {
      const next = new Set<number>();
      const reach = (targets: Iterable<number>): void => {
        for (const target of targets) {
          steps++;
          if (symbol.positions.has(target)) next.add(target);
        }
      };
      if (open) reach(first.keys());
      for (const position of positions) reach(follow[position]!.keys());
      if (next.size > widest) widest = next.size;
      if (steps > MAX_STEPS) return sets.length;
      const state = {
        open: entry === "anywhere" || (entry === "line" && symbol.representative === 10),
        positions: [...next].sort((a, b) => a - b),
      };
      const key = `${state.open}${state.positions.join()}`;
      if (seen.has(key)) continue;
      if (seen.size >= MAX_STATES) return sets.length;
      seen.add(key);
      queue.push(state);
    }
  }
  return widest;
}
