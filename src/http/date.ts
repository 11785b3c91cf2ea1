/**
 * HTTP-date, made once a second.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
 * @module
 */

let second = -1;
let text = "";

/** IMF-fixdate of the time, e.g. `Sun, 06 Nov 1994 08:49:37 GMT`. @param nowMs milliseconds since the epoch */
export function formatHttpDate(nowMs: number): string {
  const now = Math.floor(nowMs / 1000);
  if (now !== second) {
    text = new Date(now * 1000).toUTCString();
    second = now;
  }
  return text;
}
