/**
 * Answers of `return`, redirects and error pages.
 *
 * @module
 */
import type { Answer, Exchange } from "../../http/exchange.ts";
import { redirectLocation } from "../../http/mod.ts";
import { toUint8Array } from "../byte-text.ts";
import { escapeByte } from "../template.ts";

export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

// deno-lint-ignore no-control-regex
const UNSAFE = /[\x00-\x20\x7f-\xff]/g;

/** A redirect; see {@link redirectLocation}. */
export function redirectTo(x: Exchange, status: number, location: string): Answer {
  // Decoded paths may hold anything: neither line ends nor bytes beyond ASCII may stand in a field.
  return { status, fields: [["Location", redirectLocation(x, location).replace(UNSAFE, escapeByte)]] };
}

/** A text of bytes as the body. */
export function textAnswer(status: number, bytes: string, contentType: string): Answer {
  // deno-lint-ignore no-control-regex
  return { status, contentType, body: /^[\x00-\x7f]*$/.test(bytes) ? bytes : toUint8Array(bytes) };
}
