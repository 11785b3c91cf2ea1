/**
 * Random choice in proportion to weights.
 *
 * @module
 */

/**
 * An item of a list.
 *
 * @param weightOf at least 0
 * @param random from 0 to less than 1
 * @returns `undefined` when the list is empty or all weights are 0
 */
export function drawByWeight<T>(
  items: readonly T[],
  weightOf: (item: T) => number,
  random: () => number,
): T | undefined {
  let total = 0;
  for (const item of items) total += weightOf(item);
  let rest = random() * total;
  for (const item of items) {
    rest -= weightOf(item);
    if (rest < 0) return item;
  }
  return undefined;
}
