/**
 * Finds the name that is most like a misspelt one.
 *
 * @module
 */
import { nearest } from "../../unit/mod.ts";

/**
 * The name that is most like `word`, without regard to case and to `_` and `-`; or else the first that begins with it.
 */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  const plain = word.toLowerCase().replaceAll("_", "-");
  // An unfinished name: --http for --http-port.
  return nearest(plain, names) ?? (plain.length >= 3 ? names.find((name) => name.startsWith(plain)) : undefined);
}
