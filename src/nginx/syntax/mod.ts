/**
 * The text of a snippet as a tree of directives, with the place of each word.
 *
 * @module
 */
export { parseTree, shorten } from "./parser.ts";
export { type Directive, type Position, SnippetSyntaxError, type Word } from "./tree.ts";
export { readWords } from "./words.ts";
