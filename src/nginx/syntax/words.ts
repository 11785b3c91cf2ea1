/**
 * Parameters as nginx reads them: words, in quotes or not.
 *
 * @module
 */
import { Lexer } from "./lexer.ts";
import { SnippetSyntaxError } from "./tree.ts";

/** Words of a text without quotes and escapes; `undefined`: nginx would not read it as parameters of one directive. */
export function readWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  const lexer = new Lexer(text);
  try {
    for (let token = lexer.next(); token.kind !== "end"; token = lexer.next()) {
      if (token.kind !== "word") return undefined;
      words.push(token.word.text);
    }
  } catch (error) {
    if (error instanceof SnippetSyntaxError) return undefined;
    throw error;
  }
  return words;
}
