/**
 * Escaping of values in log lines, so that a value cannot forge a line or break a parser: nginx's `escape=default` and
 * `escape=json`. Values hold one byte in each char.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format
 * @module
 */

/** Escapes a value. */
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

/** Escapes what a JSON string must not contain; bytes beyond ASCII stay, so that UTF-8 stays UTF-8. */
export const escapeJson: LogEscape = (value) =>
  JSON_UNSAFE.test(value)
    ? value.replace(
      JSON_UNSAFE_ALL,
      (char) => JSON_ESCAPES[char] ?? `\\u00${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    )
    : value;
