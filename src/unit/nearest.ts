/**
 * Finds the known word that is most like a misspelt one.
 *
 * @module
 */

/** Edits (insert, delete, replace, swap neighbours) from `a` to `b`; `limit + 1` when there are more than `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let former: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, former[j - 2]! + 1);
      next.push(cost);
      if (cost < best) best = cost;
    }
    if (best > limit) return limit + 1;
    former = row;
    row = next;
  }
  return row[b.length]!;
}

/** The candidate that is most like `text`, the first of equals; `undefined` when none is similar. */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  if (text.length > 128) return undefined;
  let limit = Math.max(1, Math.min(4, Math.floor(text.length / 3)));
  let found: string | undefined;
  for (const candidate of candidates) {
    const edits = distance(text, candidate, limit);
    if (edits > limit) continue;
    found = candidate;
    limit = edits - 1;
    if (limit < 0) break;
  }
  return found;
}
