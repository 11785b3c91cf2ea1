/**
 * Tokens -> tree.
 *
 * @module
 */
import { Lexer } from "./lexer.ts";
import { type Directive, SnippetSyntaxError, type Word } from "./tree.ts";

/** Longest snippet, in characters. */
const MAX_SNIPPET_LENGTH = 256 * 1024;
/** Most directives in one snippet, those in blocks included. */
const MAX_DIRECTIVES = 5000;
/** Deepest block in a block. */
const MAX_DEPTH = 8;
const MAX_WORDS = 1000;

/** @throws {SnippetSyntaxError} with line and column */
export function parseTree(text: string): readonly Directive[] {
  if (text.length > MAX_SNIPPET_LENGTH) {
    throw new SnippetSyntaxError(`the snippet is longer than ${MAX_SNIPPET_LENGTH} characters`, { line: 1, column: 1 });
  }
  const lexer = new Lexer(text);
  let count = 0;

  function block(depth: number, opened: Word | null): Directive[] {
    const out: Directive[] = [];
    let words: Word[] = [];
    for (;;) {
      const token = lexer.next();
      if (token.kind === "word") {
        if (words.length > MAX_WORDS) {
          throw new SnippetSyntaxError(`a directive has more than ${MAX_WORDS} parameters`, token.word);
        }
        words.push(token.word);
        continue;
      }
      const [name, ...rest] = words;
      if (token.kind === "}" || token.kind === "end") {
        if (name !== undefined) {
          throw new SnippetSyntaxError(`";" or "{" expected after directive "${shorten(name.text)}"`, token.at);
        }
        if (token.kind === "}" && opened === null) {
          throw new SnippetSyntaxError('unexpected "}": a snippet cannot close the block that it stands in', token.at);
        }
        if (token.kind === "end" && opened !== null) {
          throw new SnippetSyntaxError(`"}" of directive "${shorten(opened.text)}" is missing`, token.at);
        }
        return out;
      }
      if (name === undefined) throw new SnippetSyntaxError(`unexpected "${token.kind}"`, token.at);
      if (++count > MAX_DIRECTIVES) {
        throw new SnippetSyntaxError(`the snippet has more than ${MAX_DIRECTIVES} directives`, token.at);
      }
      let inner: Directive[] | null = null;
      if (token.kind === "{") {
        if (depth >= MAX_DEPTH) throw new SnippetSyntaxError(`blocks are nested deeper than ${MAX_DEPTH}`, token.at);
        if (name.text.endsWith("_by_lua_block")) {
          lexer.skipLua(token.at);
          inner = [];
        } else inner = block(depth + 1, name);
      }
      out.push({ name: name.text, words: rest, block: inner, line: name.line, column: name.column });
      words = [];
    }
  }

  return block(0, null);
}

/** A name for a message. */
export function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
