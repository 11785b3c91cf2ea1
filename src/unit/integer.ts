/**
 * Decimal integers, strictly.
 *
 * @module
 */

const INTEGER = /^[+-]?[0-9]{1,16}$/;

/**
 * An integer as Go's `strconv.Atoi` reads it: an optional sign and digits, nothing around them.
 *
 * @returns `undefined` for other text, and for values outside `min`..`max` (default: all safe integers).
 */
export function parseInteger(
  text: string,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = Number(text);
  if (value < min || value > max) return undefined;
  // "-0" must not become a second zero that is unequal in comparisons of snapshots
  return value === 0 ? 0 : value;
}
