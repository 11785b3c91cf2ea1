/**
 * `host[:port]` of a Host field, `:authority` or URL, with IPv6 literals in brackets.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-3.2
 * @module
 */

/** Index of the colon before the port, or the length when there is none; -1 when a bracket is not closed. */
function hostEnd(text: string): number {
  if (text.charCodeAt(0) === 0x5b) {
    const close = text.indexOf("]");
    return close < 0 ? -1 : close + 1;
  }
  const colon = text.indexOf(":");
  return colon < 0 ? text.length : colon;
}

/** Joins host and port, with IPv6 in brackets; without a port when it is `undefined`. */
export function formatAuthority(host: string, port?: number): string {
  const shown = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? shown : `${shown}:${port}`;
}

/**
 * Key for the look-up of virtual hosts, as nginx's $host: lower case, without the port and one trailing dot; an IPv6
 * literal keeps its brackets. The head parser has checked that the text is an authority.
 */
export function hostOf(authority: string): string {
  let end = hostEnd(authority);
  if (end < 0) end = authority.length;
  if (end > 1 && authority.charCodeAt(end - 1) === 0x2e) end--;
  const host = end === authority.length ? authority : authority.slice(0, end);
  // most hosts are in lower case already, and need no new string
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) return host.toLowerCase();
  }
  return host;
}
