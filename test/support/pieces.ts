/**
 * Pieces that text is broken with: what means something to its reader, and what should not be there.
 *
 * @module
 */

/** Of YAML. */
export const YAML_PIECES: readonly string[] = [
  ..."---\n|...\n|- |: |{|}|[|]|&a |*a|<<: *a\n|>-\n|\"|'|\t|\r\n|#|%YAML 1.2\n|!!str |!!binary |!x |? |  ".split("|"),
  "|\n",
  "\ufeff",
  "\0",
  "\u2028",
  "__proto__: ",
  "null",
  "9e999",
  "-1",
];

/** Of regular expressions. */
export const PATTERN_PIECES: readonly string[] = [
  ..."()[]{}*+?|^$.\\-,:=!1ab",
  ..."{1,9} {0,200} (? (?i (?i) (?< (?P< n> (?<n> [^ [:space:] [:alpha:] \\1 \\x \\x41 \\Q \\E \\p{L}".split(" "),
  "é",
  "\u{1f600}",
];
