/**
 * Text -> tokens, by the rules of nginx's own reader: words end at white space, `;` and `{`; quotes count at the start of
 * a word only; a backslash keeps the next character from its meaning; `#` begins a comment at the start of a word only.
 *
 * @module
 */
import { type Position, SnippetSyntaxError, type Word } from "./tree.ts";

export type Token =
  | { readonly kind: "word"; readonly word: Word }
  | { readonly kind: ";" | "{" | "}" | "end"; readonly at: Position };

/** Longest word, as in nginx. */
const MAX_WORD_LENGTH = 4096;

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\\": "\\", t: "\t", r: "\r", n: "\n" };

/** Reads tokens one by one. @throws {SnippetSyntaxError} */
export class Lexer {
  #at = 0;
  #line = 1;
  #lineStart = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    this.#skipBlank();
    const at = this.#position();
    const c = this.#text[this.#at];
    if (c === undefined) return { kind: "end", at };
    if (c === ";" || c === "{" || c === "}") {
      this.#at++;
      return { kind: c, at };
    }
    return { kind: "word", word: c === '"' || c === "'" ? this.#quoted(c, at) : this.#plain(at) };
  }

  /** Skips Lua code up to the brace that closes the block; the opening one has been read. */
  skipLua(opened: Position): void {
    const token = /[{}"'\n]|--(?:\[=*\[)?|\[=*\[/g;
    for (let depth = 1; depth > 0;) {
      token.lastIndex = this.#at;
      const match = token.exec(this.#text);
      if (match === null) throw new SnippetSyntaxError('"{" is never closed', opened);
      const [found] = match;
      const end = match.index + found.length;
      if (found === "{" || found === "}") {
        depth += found === "{" ? 1 : -1;
        this.#at = end;
      } else if (found === "\n") this.#advance(match.index, end);
      else if (found === '"' || found === "'") this.#advance(match.index, this.#luaString(found, end, opened));
      else if (found === "--") {
        const newline = this.#text.indexOf("\n", end);
        this.#at = newline < 0 ? this.#text.length : newline;
      } else {
        const close = found.slice(found.indexOf("[")).replaceAll("[", "]");
        const at = this.#text.indexOf(close, end);
        if (at < 0) throw new SnippetSyntaxError(`"${found}" in Lua code is never closed`, opened);
        this.#advance(match.index, at + close.length);
      }
    }
  }

  #luaString(quote: string, from: number, opened: Position): number {
    for (let at = from; at < this.#text.length; at++) {
      const c = this.#text[at];
      if (c === quote) return at + 1;
      if (c === "\\") at++;
      else if (c === "\n") break;
    }
    throw new SnippetSyntaxError("a string in Lua code is never closed", opened);
  }

  /** Goes on after `end`, counting the lines on the way. */
  #advance(start: number, end: number): void {
    for (let i = this.#text.indexOf("\n", start); i >= 0 && i < end; i = this.#text.indexOf("\n", i + 1)) {
      this.#newline(i);
    }
    this.#at = end;
  }

  #position(): Position {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #newline(at: number): void {
    this.#line++;
    this.#lineStart = at + 1;
  }

  #skipBlank(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at];
      if (c === "\n") this.#newline(this.#at);
      else if (c === "#") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = (end < 0 ? this.#text.length : end) - 1;
      } else if (c !== " " && c !== "\t" && c !== "\r") return;
    }
  }

  #plain(at: Position): Word {
    let text = "";
    let former = "";
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined || c === " " || c === "\t" || c === "\r" || c === "\n" || c === ";") break;
      // The brace of ${name} belongs to the word.
      if (c === "{" && former !== "$") break;
      text += this.#char(c, at);
      former = c === "\\" ? "" : c;
      if (text.length > MAX_WORD_LENGTH) tooLong(at);
    }
    return { text, quoted: false, ...at };
  }

  #quoted(quote: string, at: Position): Word {
    this.#at++;
    let text = "";
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined) throw new SnippetSyntaxError(`${quote} is never closed`, at);
      if (c === quote) break;
      text += this.#char(c, at);
      if (text.length > MAX_WORD_LENGTH) tooLong(at);
    }
    this.#at++;
    const c = this.#text[this.#at];
    if (c !== undefined && !" \t\r\n;{)".includes(c)) {
      throw new SnippetSyntaxError(`unexpected "${c}" after a closing quote`, this.#position());
    }
    return { text, quoted: true, ...at };
  }

  /** One character of a word, with its escape resolved. */
  #char(c: string, word: Position): string {
    if (c === "\n") this.#newline(this.#at);
    this.#at++;
    if (c !== "\\") return c;
    const next = this.#text[this.#at];
    if (next === undefined) throw new SnippetSyntaxError("a backslash ends the snippet", word);
    if (next === "\n") this.#newline(this.#at);
    this.#at++;
    return ESCAPES[next] ?? c + next;
  }
}

function tooLong(at: Position): never {
  throw new SnippetSyntaxError(`a parameter is longer than ${MAX_WORD_LENGTH} characters`, at);
}
