/**
 * Text -> field value.
 *
 * @module
 */
import { encodePath, utf8AsLatin1 } from "../http/mod.ts";

// deno-lint-ignore no-control-regex
const UNUSUAL = /[\x00-\x08\x0a-\x1f\x7f-\uffff]/;
// deno-lint-ignore no-control-regex
const ESCAPED = /[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]/;

/**
 * A value that cannot break the message: decoded text of a request (captures, variables) may have line ends in it, and
 * such characters are percent-encoded. Text beyond ASCII is sent as UTF-8.
 */
export function fieldValue(text: string): string {
  if (!UNUSUAL.test(text)) return text;
  let out = "";
  for (const char of text) out += char.length === 1 && ESCAPED.test(char) ? encodePath(char) : char;
  return utf8AsLatin1(out);
}
