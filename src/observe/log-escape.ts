/**
 * How values stand in a log line, so that nobody can forge lines or break a parser: nginx's `escape=default` and
 * `escape=json`. Values are bytes, one character each.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format
 * @module
 */

/** Makes a value harmless. */
export type LogEscape = (value: string) => string;

// deno-lint-ignore no-control-regex
const UNSAFE = /[\x00-\x1f"\\\x7f-\uffff]/;
// deno-lint-ignore no-control-regex
const UNSAFE_ALL = /[\x00-\x1f"\\\x7f-\uffff]/g;

/** Controls, quotes, backslashes and everything beyond ASCII become `\xHH`. */
export const escapeDefault: LogEscape = (value) =>
  UNSAFE.test(value)
    ? value.replace(
      UNSAFE_ALL,
      (char) => `\\x${(char.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, "0")}`,
    )
    : value;

// deno-lint-ignore no-control-regex
const JSON_UNSAFE = /[\x00-\x1f"\\]/;
// deno-lint-ignore no-control-regex
const JSON_UNSAFE_ALL = /[\x00-\x1f"\\]/g;

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};

/** What may not stand in a JSON string; bytes beyond ASCII are left, so that UTF-8 stays UTF-8. */
export const escapeJson: LogEscape = (value) =>
  JSON_UNSAFE.test(value)
    ? value.replace(
      JSON_UNSAFE_ALL,
      (char) => JSON_ESCAPES[char] ?? `\\u00${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    )
    : value;
