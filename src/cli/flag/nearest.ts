/**
 * The word that was probably meant.
 *
 * @module
 */

/** Longer names are certainly no slip of the finger, and would cost time. */
const MAX_LENGTH = 64;

/** The candidate with the fewest edits from `word`, if they are few for its length; first in order among equals. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const plain = word.toLowerCase().replaceAll("_", "-");
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(plain, candidate.toLowerCase().replaceAll("_", "-"));
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  // What was begun but not finished: --http for --http-port.
  return best ?? (plain.length >= 3 ? candidates.find((c) => c.startsWith(plain)) : undefined);
}

/** Damerau-Levenshtein distance, adjacent swaps counting as one edit. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1);
      next.push(edits);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
