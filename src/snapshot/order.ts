/**
 * The one order of keys and lists in a snapshot: by UTF-16 code unit, the same on every machine and locale.
 *
 * @module
 */

/** Compares for `sort`: negative, zero or positive. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Makes a record with sorted keys. */
export function sortedRecord<T>(entries: Iterable<readonly [key: string, value: T]>): Record<string, T> {
  const record: Record<string, T> = {};
  for (const [key, value] of [...entries].sort(([a], [b]) => compareText(a, b))) record[key] = value;
  return record;
}
