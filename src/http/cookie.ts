/**
 * Cookies of a request.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-4.2
 * @module
 */
import type { Fields } from "./fields.ts";

/**
 * Value of the cookie with this name. Of several cookies, the first one that `prefers` accepts, or else the first one:
 * clients send the cookie with the longest path first. Names are compared exactly; quotes are part of the value.
 */
export function readCookie(
  request: Fields,
  name: string,
  prefers?: (value: string) => boolean,
): string | undefined {
  let first: string | undefined;
  if (!request.has("cookie")) return undefined;
  for (const line of request.getAll("cookie")) {
    for (let at = line.indexOf(name); at >= 0; at = line.indexOf(name, at + 1)) {
      const equals = at + name.length;
      if (line.charCodeAt(equals) !== 0x3d || !beginsPair(line, at)) continue;
      const semicolon = line.indexOf(";", equals);
      const value = line.slice(equals + 1, semicolon < 0 ? line.length : semicolon).trim();
      if (prefers === undefined || prefers(value)) return value;
      first ??= value;
    }
  }
  return first;
}

/** True when only white space stands between `at` and the semicolon before it, or the start. */
function beginsPair(line: string, at: number): boolean {
  while (at > 0) {
    const before = line.charCodeAt(--at);
    if (before === 0x3b) return true;
    if (before !== 0x20 && before !== 0x09) return false;
  }
  return true;
}
