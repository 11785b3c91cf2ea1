/**
 * What running a snippet leads to.
 *
 * @module
 */
import type { Answer } from "../../http/exchange.ts";

/** `undefined`: go on; `restart`: the path has changed, search the location again; else: the response. */
export type Verdict = Answer | "restart" | undefined;

/** Searches of the location that rewrites may cause before the request ends with 500, as in nginx. */
export const MAX_REWRITE_ROUNDS = 10;

/** A request that a snippet cannot serve; `denied`: that of the `SnippetProgram`. */
export function unavailable(denied: string): Answer {
  return { status: 503, failure: { code: "denied", cause: denied } };
}

export const FORBIDDEN: Answer = { status: 403 };
export const NOT_FOUND: Answer = { status: 404 };
export const INTERNAL_ERROR: Answer = { status: 500 };
