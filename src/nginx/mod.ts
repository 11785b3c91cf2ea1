/**
 * nginx's language as its users write it: regular expressions made safe, variables, and snippets.
 *
 * - {@link compilePattern} translates PCRE while the configuration is compiled, {@link instantiate} makes it run;
 * - {@link variable} gives the value of `$name` for a request, {@link logVariable} as nginx's log shows it;
 * - {@link parseSnippet} reads a snippet into a program (plain data) and findings while the configuration is compiled;
 *   {@link compileServerProgram} and {@link compileLocationProgram} make functions of programs when tables are built.
 *
 * A snippet changes requests and responses of its host or location, and nothing else: no files, no code, no sockets.
 * Nothing here throws on bad text, and no request makes it run long.
 *
 * @module
 */
export { comesBefore, equalBlockMatch, formatBlockMatch, neverInside, overshadows } from "./block-match.ts";
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
export {
  compileTemplate,
  parseTemplate,
  type Template,
  TemplateError,
  unescapeRedirect,
  variablesOf,
} from "./template.ts";
export { type Absence, findAbsence, logVariable, variable, variableGetter, variableNames } from "./variable/mod.ts";
