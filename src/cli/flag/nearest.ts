/**
 * The name on the command line that was probably meant.
 *
 * @module
 */
import { nearest } from "../../unit/mod.ts";

/** The name most like `word`, whatever its letter case and for `_` as for `-`; else the first that begins with it. */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  const plain = word.toLowerCase().replaceAll("_", "-");
  // What was begun but not finished: --http for --http-port.
  return nearest(plain, names) ?? (plain.length >= 3 ? names.find((name) => name.startsWith(plain)) : undefined);
}
