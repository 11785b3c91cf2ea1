/**
 * The language of nginx: safe regular expressions, variables, and snippets.
 *
 * - {@link compilePattern} translates PCRE when the configuration is compiled, {@link instantiate} makes it executable;
 * - {@link variable} gives the value of `$name` for a request, {@link logVariable} its value in nginx's log;
 * - {@link parseSnippet} parses a snippet to a program (plain data) and findings when the configuration is compiled;
 *   {@link compileServerProgram} and {@link compileLocationProgram} make functions of programs when tables are built.
 *
 * A snippet changes requests and responses of its host or location only: no files, no code, no sockets. No text makes
 * this room throw, and no request makes a snippet run long.
 *
 * @module
 */
export {
  comesBefore,
  equalBlockMatch,
  formatBlockMatch,
  neverInside,
  overshadows,
  takesOnlyPath,
} from "./block-match.ts";
export { fromBytes, toBytes } from "./byte-text.ts";
export type { Finding, FindingReason } from "./finding.ts";
export {
  compileLocationProgram,
  compileServerProgram,
  type GeneratedMatch,
  type HandWrittenLocation,
  type LocationProgram,
  type LocationSearch,
  MAX_REWRITE_ROUNDS,
  type ServerProgram,
  type Verdict,
} from "./interpreter/mod.ts";
export { compilePattern, instantiate, type Matcher, type PatternOptions, type PatternResult } from "./pattern/mod.ts";
export type { BlockMatch, LocationBlock, SnippetProgram, Statement } from "./program.ts";
export { type ParsedSnippet, parseSnippet, type SnippetContext, type SnippetOptions } from "./snippet.ts";
export { readWords } from "./syntax/mod.ts";
export {
  compileTemplate,
  parseTemplate,
  type Template,
  TemplateError,
  unescapeRedirect,
  variablesOf,
} from "./template.ts";
export { type Absence, findAbsence, logVariable, variable, variableGetter, variableNames } from "./variable/mod.ts";
