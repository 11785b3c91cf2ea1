/**
 * `host[:port]` of a Host field, `:authority` or URL, with IPv6 literals in brackets.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-3.2
 * @module
 */
import { isIp } from "./ip.ts";

/** Host and port as written. */
export interface Authority {
  /** Without brackets; letters as written. Never empty. */
  readonly host: string;
  /** 0..65535; `undefined` when there is none. */
  readonly port: number | undefined;
}

const PORT = /^[0-9]{1,5}$/;
// reg-name of RFC 3986 (unreserved, sub-delims, percent-encoded)
const HOST = /^[A-Za-z0-9._~!$&'()*+,;=%-]{1,255}$/;

/** Where the port begins (the index of its colon), or the length when there is none; -1 for an open bracket. */
function hostEnd(text: string): number {
  if (text.charCodeAt(0) === 0x5b) {
    const close = text.indexOf("]");
    return close < 0 ? -1 : close + 1;
  }
  const colon = text.indexOf(":");
  return colon < 0 ? text.length : colon;
}

/** Strict: `undefined` for user information, a bare IPv6 address, a bad port, an empty host. `host:` has no port. */
export function parseAuthority(text: string): Authority | undefined {
  const end = hostEnd(text);
  if (end <= 0) return undefined;
  let host = text.slice(0, end);
  if (host.startsWith("[")) {
    host = host.slice(1, -1);
    if (!host.includes(":") || !isIp(host)) return undefined;
  } else if (!HOST.test(host)) return undefined;
  if (end === text.length) return { host, port: undefined };
  if (text.charCodeAt(end) !== 0x3a) return undefined;
  const digits = text.slice(end + 1);
  if (digits === "") return { host, port: undefined };
  if (!PORT.test(digits) || Number(digits) > 65535) return undefined;
  return { host, port: Number(digits) };
}

/** Puts IPv6 into brackets; without a port when it is `undefined`. */
export function formatAuthority(host: string, port?: number): string {
  const shown = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? shown : `${shown}:${port}`;
}

/**
 * The host to look virtual hosts up by, as nginx's $host: lower case, without port and one trailing dot; an IPv6
 * literal keeps its brackets. Lenient: it only cuts, {@link parseAuthority} judges.
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
