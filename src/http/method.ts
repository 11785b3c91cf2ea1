/**
 * Request methods.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9
 * @module
 */

/** tchar of RFC 9110 section 5.6.2, for use in character classes. */
export const TCHAR = "!#$%&'*+\\-.^_`|~0-9A-Za-z";

const TOKEN = new RegExp(`^[${TCHAR}]+$`);

/** True when the text is a token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Methods that nginx does not send twice once they have been sent: POST, PATCH and LOCK. */
export function isRetriedMethod(method: string): boolean {
  return method !== "POST" && method !== "PATCH" && method !== "LOCK";
}
