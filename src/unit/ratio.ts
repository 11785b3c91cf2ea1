/**
 * Shares of a whole, between 0 and 1.
 *
 * @module
 */

const RATIO = /^(?:[0-9]{1,15}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE]-?[0-9]{1,3})?(%?)$/;

/** `0.25`, `.25` or `25%`; `undefined` for other text and for values outside 0..1. */
export function parseRatio(text: string): number | undefined {
  const match = RATIO.exec(text);
  if (match === null) return undefined;
  const value = match[1] === "%" ? Number(text.slice(0, -1)) / 100 : Number(text);
  return value >= 0 && value <= 1 ? value : undefined;
}

/** A decimal fraction that {@link parseRatio} reads back. */
export function formatRatio(value: number): string {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`Cannot format ratio "${value}": expected 0 to 1`);
  return String(value);
}
