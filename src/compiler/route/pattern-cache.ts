/**
 * Cache of the compiled patterns of paths, which every compilation of their host needs again.
 *
 * @module
 */
import { compilePattern, type PatternOptions, type PatternResult } from "../../nginx/pattern/mod.ts";

const MAX_CACHED = 20_000;
const cache = new Map<string, PatternResult>();

/** {@link compilePattern} with a cache: the same text gives the same object. */
export function compileCached(text: string, options: PatternOptions): PatternResult {
  const key = `${options.caseInsensitive ? "i" : "-"}${options.bytes === true ? "b" : ""}${
    options.prefix ?? ""
  } ${text}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const result = compilePattern(text, options);
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(key, result);
  return result;
}
