/**
 * What a snippet says, before anyone asks what it means. Plain JSON data.
 *
 * @module
 */

/** A place in the snippet's text; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One parameter, quotes and escapes resolved; variables in it are not. */
export interface Word extends Position {
  readonly text: string;
  readonly quoted: boolean;
}

/** `name word ...;` or `name word ... { block }`. */
export interface Directive extends Position {
  readonly name: string;
  readonly words: readonly Word[];
  /** `null` when it ends with a semicolon. Lua blocks are empty here: their text is skipped. */
  readonly block: readonly Directive[] | null;
}

/** Text that is no nginx configuration. */
export class SnippetSyntaxError extends SyntaxError {
  override readonly name = "SnippetSyntaxError";
  readonly line: number;
  readonly column: number;

  constructor(message: string, at: Position) {
    super(message);
    this.line = at.line;
    this.column = at.column;
  }
}
