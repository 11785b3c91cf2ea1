/**
 * The interface of a directive's file, and of the reader that it uses.
 *
 * @module
 */
import type { PatternOptions } from "../pattern/mod.ts";
import type { Pattern } from "../../snapshot/snapshot.ts";
import type { Block, BlockMatch, Context, LocationBlock, Setting, SnippetProgram, Statement } from "../program.ts";
import type { Directive, Position, Word } from "../syntax/mod.ts";
import type { Template } from "../template.ts";

/** Reads the directives of one block. */
export interface BlockReader {
  readonly context: Context;
  /** Requests of the block may go to an upstream: it is not that of a `location` directive. */
  readonly proxied: boolean;
  /** Settings of the block so far. */
  readonly settings: readonly Setting[];
  add(statement: Statement): void;
  setting(setting: Setting): void;
  location(block: LocationBlock, at: Position): void;
  /** Reads an inner block as statements and settings. */
  block(directive: Directive, context: Context): Block;
  /** Reads the block of a location with this match. */
  program(directive: Directive, match: BlockMatch): SnippetProgram;
  /** Reads a parameter with variables; unknown ones are reported when the whole snippet has been read. */
  template(word: Word, from?: number): Template;
  /** Reads the name of a parameter that is one variable. */
  variable(word: Word): string;
  /** Reads a regular expression; its named groups become variables. */
  pattern(word: Word, options: PatternOptions, from?: number): Pattern;
  /** Declares a variable. */
  define(name: string): void;
  /** Reports what nginx would refuse, and denies the block. */
  fail(at: Position, message: string): never;
  /** Reports a note about a directive that works. */
  note(at: Position, message: string, effect: string): void;
}

export interface DirectiveModule {
  readonly name: string;
  readonly contexts: readonly Context[];
  /** Number of parameters; Infinity: no upper limit. */
  readonly words: readonly [min: number, max: number];
  /** The directive has a block. Default: it ends with a semicolon. */
  readonly block?: true;
  read(directive: Directive, reader: BlockReader): void;
}

export const EVERYWHERE: readonly Context[] = ["server", "location", "if-in-server", "if-in-location"];
export const NOT_IN_IF: readonly Context[] = ["server", "location"];
/** Contexts of header directives and the like, which are not allowed in an `if` of the host. */
export const NOT_IN_HOST_IF: readonly Context[] = ["server", "location", "if-in-location"];
