/**
 * `host[:port]` of a Host field, `:authority` or URL, with IPv6 literals in brackets.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-3.2
 * @module
 */

/** Where the port begins (the index of its colon), or the length when there is none; -1 for an open bracket. */
function hostEnd(text: string): number {
  if (text.charCodeAt(0) === 0x5b) {
    const close = text.indexOf("]");
    return close < 0 ? -1 : close + 1;
  }
  const colon = text.indexOf(":");
  return colon < 0 ? text.length : colon;
}

/** Puts IPv6 into brackets; without a port when it is `undefined`. */
export function formatAuthority(host: string, port?: number): string {
  const shown = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? shown : `${shown}:${port}`;
}

/**
 * The host to look virtual hosts up by, as nginx's $host: lower case, without port and one trailing dot; an IPv6
 * literal keeps its brackets. It only cuts; whether it is an authority at all has been judged when the head was read.
 */
export function hostOf(authority: string): string {
  let end = hostEnd(authority);
  if (end < 0) end = authority.length;
  if (end > 1 && authority.charCodeAt(end - 1) === 0x2e) end--;
  const host = end === authority.length ? authority : authority.slice(0, end);
  // most hosts arrive in lower case: look before making a new string
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) return host.toLowerCase();
  }
  return host;
}
