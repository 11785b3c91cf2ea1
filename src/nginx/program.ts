/**
 * The program of a snippet: checked, resolved, with translated expressions. It is plain JSON data in the snapshot; the
 * data plane makes functions of it when it builds its tables.
 *
 * @module
 */
import type { Pattern } from "../snapshot/snapshot.ts";
import type { Template } from "./template.ts";

/** Context of a directive. */
export type Context = "server" | "location" | "if-in-server" | "if-in-location";

/** A block. Statements run in order; settings apply to the whole block, wherever they stand in it. */
export interface Block {
  readonly statements: readonly Statement[];
  readonly settings: readonly Setting[];
}

/** A whole snippet, or a location block in one. */
export interface SnippetProgram extends Block {
  /** Location blocks in the order of their appearance. */
  readonly locations: readonly LocationBlock[];
  /** Reason for which the block answers 503: an access rule that is not honoured, or text that is no configuration. */
  readonly denied: string | null;
}

export interface LocationBlock {
  readonly match: BlockMatch;
  readonly program: SnippetProgram;
  /** Where it stands in the snippet. */
  readonly line: number;
  readonly column: number;
}

export type BlockMatch =
  /** `location = /path` */
  | { readonly kind: "exact"; readonly path: string }
  /** `location /path`; `final`: `^~`, no regular expression is tried when it is the longest. */
  | { readonly kind: "prefix"; readonly path: string; readonly final: boolean }
  | { readonly kind: "regex"; readonly pattern: Pattern; readonly caseInsensitive: boolean }
  /** `location @name`: only by error_page and try_files. */
  | { readonly kind: "named"; readonly name: string };

/** Directives of nginx's rewrite module. */
export type Statement =
  | SetStatement
  | IfStatement
  | ReturnStatement
  | RewriteStatement
  | { readonly kind: "break" };

export interface SetStatement {
  readonly kind: "set";
  readonly variable: string;
  readonly value: Template;
}

export interface IfStatement {
  readonly kind: "if";
  readonly condition: Condition;
  readonly block: Block;
}

export type Condition =
  | { readonly kind: "present"; readonly variable: string }
  | { readonly kind: "equal"; readonly variable: string; readonly value: Template; readonly negated: boolean }
  | { readonly kind: "match"; readonly variable: string; readonly pattern: Pattern; readonly negated: boolean }
  /** A test for a file, decided already because there are no files. */
  | { readonly kind: "constant"; readonly value: boolean };

export interface ReturnStatement {
  readonly kind: "return";
  /** 444: close without an answer. */
  readonly status: number;
  /** Location for redirects, body for others; `null`: none given. */
  readonly text: Template | null;
}

export interface RewriteStatement {
  readonly kind: "rewrite";
  readonly pattern: Pattern;
  readonly path: Template;
  /** Text after a `?` in the replacement; `null`: there is none. */
  readonly args: Template | null;
  /** The request's own arguments are appended; false when the replacement ends with `?`. */
  readonly keepArgs: boolean;
  readonly then:
    | { readonly kind: "continue" | "last" | "break" }
    | { readonly kind: "redirect"; readonly status: 301 | 302 };
}

/** All other directives. */
export type Setting =
  | AddHeader
  | SetHeaders
  | ClearHeaders
  | SetInputHeaders
  | AccessRule
  | Expires
  | ErrorPage
  | { readonly kind: "proxy_set_header"; readonly name: string; readonly value: Template }
  /** Lower case. */
  | { readonly kind: "proxy_hide_header"; readonly name: string }
  | { readonly kind: "default_type"; readonly type: string }
  | { readonly kind: "internal" }
  | HeaderBuffers
  /** There are no files: only the last parameter counts. */
  | { readonly kind: "try_files"; readonly last: Fallback };

/** `large_client_header_buffers`: longest line of a request's head, and how many such lines it may be long. */
export interface HeaderBuffers {
  readonly kind: "large_client_header_buffers";
  readonly count: number;
  readonly bytes: number;
}

export interface AddHeader {
  readonly kind: "add_header";
  readonly name: string;
  readonly value: Template;
  readonly always: boolean;
}

/** Filter of responses; empty lists mean all. */
export interface ResponseFilter {
  readonly statuses: readonly number[];
  /** Media types, lower case. */
  readonly types: readonly string[];
}

/** `more_set_headers`: an empty value removes. */
export interface SetHeaders extends ResponseFilter {
  readonly kind: "more_set_headers";
  readonly headers: readonly { readonly name: string; readonly value: Template }[];
  /** `-a`: add a line, and keep existing ones. */
  readonly append: boolean;
}

export interface ClearHeaders extends ResponseFilter {
  readonly kind: "more_clear_headers";
  /** Lower case. */
  readonly names: readonly string[];
  /** Lower-case prefixes of names that end with `*`. */
  readonly prefixes: readonly string[];
}

/** `more_set_input_headers` and `more_clear_input_headers`: an empty value removes. */
export interface SetInputHeaders {
  readonly kind: "more_set_input_headers";
  readonly headers: readonly { readonly name: string; readonly value: Template }[];
  /** Lower-case prefixes of names that end with `*`. */
  readonly clearPrefixes: readonly string[];
  /** `-r`: only for requests with the field. */
  readonly replaceOnly: boolean;
  /** Content types of requests, lower case; empty: all. */
  readonly types: readonly string[];
}

export interface AccessRule {
  readonly kind: "access";
  readonly allow: boolean;
  /** `all`, an address or a CIDR block. */
  readonly source: string;
}

export interface Expires {
  readonly kind: "expires";
  readonly when:
    | { readonly kind: "off" | "epoch" | "max" }
    /** `modified`: counted from Last-Modified. */
    | { readonly kind: "after"; readonly seconds: number; readonly modified: boolean }
    /** `@15h30m`: the next time of day. Seconds since midnight. */
    | { readonly kind: "daily"; readonly seconds: number };
}

export interface ErrorPage {
  readonly kind: "error_page";
  readonly statuses: readonly number[];
  /** `keep`: the status that failed; `handler`: that of the page (`=`); else a number (`=200`). */
  readonly status: "keep" | "handler" | number;
  readonly target: Fallback;
}

export type Fallback =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "url"; readonly url: Template }
  | { readonly kind: "uri"; readonly uri: Template }
  | { readonly kind: "named"; readonly name: string };
