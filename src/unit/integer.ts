/**
 * Decimal integers, strictly.
 *
 * @module
 */

const INTEGER = /^[+-]?[0-9]{1,16}$/;

/**
 * An integer as Go's `strconv.Atoi` reads it: an optional sign and digits, nothing else.
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
  // "-0" reads as 0, because -0 and 0 are unequal in comparisons of snapshots
  return value === 0 ? 0 : value;
}
