/**
 * Normal form of the server names of ClientHellos.
 *
 * @see RFC 6066, section 3
 * @module
 */

/** Lower case without one trailing dot. Hosts of requests (without port) have the same form. */
export function normaliseServerName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

/** `*.` in place of the first label: `*.example.com` for `a.example.com`; `null` for a name of one label. */
export function wildcardOf(name: string): string | null {
  const dot = name.indexOf(".");
  return dot <= 0 || dot === name.length - 1 ? null : `*${name.slice(dot)}`;
}
