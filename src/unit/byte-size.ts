/**
 * Sizes in bytes as nginx spells them: `8k`, `500M`, `1g`.
 *
 * @module
 */

const SIZE = /^([0-9]{1,15})([kKmMgG]?)$/;

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * A size as nginx writes it: digits and at most one of `k`, `m`, `g` in either case, powers of 1024. Without a unit:
 * bytes.
 *
 * @returns bytes, or `undefined` for any other text and for numbers above 2^53
 * @see https://nginx.org/en/docs/syntax.html
 */
export function parseByteSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * UNITS[match[2]!.toLowerCase()]!;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
