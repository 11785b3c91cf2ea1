/**
 * Fields that are lists of tokens, such as Connection.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1
 * @module
 */

/** Elements in lower case, empty ones left out. */
export function parseTokenList(value: string): string[] {
  const tokens: string[] = [];
  for (const part of value.split(",")) {
    const token = part.trim().toLowerCase();
    if (token !== "") tokens.push(token);
  }
  return tokens;
}

/** True when the list contains the token, which is given in lower case. Case does not matter. */
export function listHasToken(value: string, token: string): boolean {
  if (value.length < token.length) return false;
  if (value === token) return true;
  return parseTokenList(value).includes(token);
}
