/**
 * nginx's language as its users write it: regular expressions made safe, and snippets.
 *
 * @module
 */
export {
  compilePattern,
  instantiate,
  type Matcher,
  MAX_PATTERN_LENGTH,
  type PatternOptions,
  type PatternResult,
} from "./pattern/mod.ts";
