/**
 * Regular expressions as users write them (PCRE), made safe: each one runs in time linear in the text, or is refused.
 *
 * - {@link compilePattern} translates the dialect and chooses the engine while the configuration is compiled;
 * - {@link instantiate} makes the result ready to run when tables are built.
 *
 * @module
 */
export { compilePattern, type PatternOptions, type PatternResult } from "./compile.ts";
export { instantiate, type Matcher } from "./matcher.ts";
