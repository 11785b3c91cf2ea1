/**
 * HTTP-date, formatted once a second.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
 * @module
 */

let second = -1;
let text = "";
let line = "";

/** IMF-fixdate of the time, e.g. `Sun, 06 Nov 1994 08:49:37 GMT`. @param nowMs milliseconds since the epoch */
export function formatHttpDate(nowMs: number): string {
  const now = Math.floor(nowMs / 1000);
  if (now !== second) {
    text = new Date(now * 1000).toUTCString();
    line = `Date: ${text}\r\n`;
    second = now;
  }
  return text;
}

/** The same as a field line with CRLF. @param nowMs milliseconds since the epoch */
export function formatDateLine(nowMs: number): string {
  formatHttpDate(nowMs);
  return line;
}
