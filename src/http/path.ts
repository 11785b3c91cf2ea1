/**
 * Path of a request-target: decoded and normalised for matching, and encoded again for upstreams.
 *
 * A path is text: percent-escapes and raw bytes are read as UTF-8. A byte that is no UTF-8 becomes a lone surrogate
 * (U+DC80 to U+DCFF), so that {@link encodePath} gives back the very bytes.
 *
 * @module
 */

// Non-empty segments that do not begin with a dot and have nothing to decode: already in normal form.
const PLAIN = /^(?:\/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9_~!$&'()*+,;=:@.-]*)*\/?$/;

/**
 * Decodes percent-escapes, merges slashes (escaped ones too), and resolves `.` and `..`, as nginx does for `$uri`.
 * `undefined` where nginx answers 400: an invalid escape, an escaped NUL, `..` above the root, no leading slash.
 */
export function normalizePath(rawPath: string): string | undefined {
  if (rawPath !== "" && PLAIN.test(rawPath)) return rawPath;
  if (rawPath.charCodeAt(0) !== 0x2f) return undefined;
  const bytes = decodeEscapes(rawPath);
  return bytes === undefined ? undefined : resolveSegments(decodeUtf8(bytes));
}

/** Decodes escapes to bytes, one char each; `undefined` for an invalid escape or an escaped NUL. */
function decodeEscapes(raw: string): string | undefined {
  let at = raw.indexOf("%");
  if (at < 0) return raw;
  let out = raw.slice(0, at);
  for (;;) {
    const high = hexDigit(raw.charCodeAt(at + 1));
    const low = hexDigit(raw.charCodeAt(at + 2));
    const code = high * 16 + low;
    if (high < 0 || low < 0 || code === 0) return undefined;
    const next = raw.indexOf("%", at + 3);
    out += String.fromCharCode(code) + raw.slice(at + 3, next < 0 ? raw.length : next);
    if (next < 0) return out;
    at = next;
  }
}

/** 0 to 15; -1 for anything else, NaN included. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function resolveSegments(path: string): string | undefined {
  const kept: string[] = [];
  const segments = path.split("/");
  const last = segments.length - 1;
  let directory = false;
  for (let i = 1; i <= last; i++) {
    const segment = segments[i]!;
    directory = segment === "" || segment === "." || segment === "..";
    if (segment === "..") {
      if (kept.length === 0) return undefined;
      kept.pop();
    } else if (!directory) kept.push(segment);
  }
  if (kept.length === 0) return "/";
  return `/${kept.join("/")}${directory ? "/" : ""}`;
}

/** Latin-1 bytes to text. */
function decodeUtf8(bytes: string): string {
  let ascii = true;
  for (let i = 0; i < bytes.length && ascii; i++) ascii = bytes.charCodeAt(i) < 0x80;
  if (ascii) return bytes;
  let out = "";
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i);
    if (length === 0) {
      out += String.fromCharCode(0xdc00 + bytes.charCodeAt(i));
      i += 1;
      continue;
    }
    let code = bytes.charCodeAt(i);
    if (length > 1) code &= 0xff >> (length + 1);
    for (let k = 1; k < length; k++) code = code << 6 | bytes.charCodeAt(i + k) & 0x3f;
    out += String.fromCodePoint(code);
    i += length;
  }
  return out;
}

/** Length of the well-formed UTF-8 sequence at `i` (Unicode table 3-7); 0 if there is none. */
function sequenceLength(bytes: string, i: number): number {
  const lead = bytes.charCodeAt(i);
  if (lead < 0x80) return 1;
  const length = lead >= 0xc2 && lead <= 0xdf
    ? 2
    : lead >= 0xe0 && lead <= 0xef
    ? 3
    : lead >= 0xf0 && lead <= 0xf4
    ? 4
    : 0;
  if (length === 0) return 0;
  const second = bytes.charCodeAt(i + 1);
  const from = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const to = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (!(second >= from && second <= to)) return 0;
  for (let k = 2; k < length; k++) {
    const next = bytes.charCodeAt(i + k);
    if (!(next >= 0x80 && next <= 0xbf)) return 0;
  }
  return length;
}

const TEXT = new TextEncoder();
// nginx 1.21.1 and later escape these in a path: controls, space, `" # % < > ? \ ^ ` { | }`, and what is not ASCII
// deno-lint-ignore no-control-regex
const ESCAPED = /[\x00-\x20"#%<>?\\^`{|}\x7f-\uffff]/;

/** Escapes a path for a request-target, as nginx does. */
export function encodePath(path: string): string {
  if (!ESCAPED.test(path)) return path;
  let out = "";
  for (const char of path) {
    if (!ESCAPED.test(char)) out += char;
    else if (char.length === 1 && char >= "\udc80" && char <= "\udcff") out += escapeByte(char.charCodeAt(0) - 0xdc00);
    else for (const byte of TEXT.encode(char)) out += escapeByte(byte);
  }
  return out;
}

function escapeByte(byte: number): string {
  return `%${byte < 16 ? "0" : ""}${byte.toString(16).toUpperCase()}`;
}

// A segment `.` or `..`. Servers also take `\` for a slash, and cut a segment at `;` (path parameters).
const DOT_SEGMENT = /(?:^|[/\\])\.\.?(?:[/\\;]|$)/;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;
/** Number of decodings that are checked: chained servers may decode a path more than once. */
const MAX_DECODINGS = 4;

/**
 * True when the path has a segment `.` or `..`, as it is or after up to four decodings. Paths of {@link normalizePath}
 * have none but escaped ones; a rewrite can build one from a capture.
 *
 * @see RFC 3986 section 5.2.4
 */
export function hasDotSegment(path: string): boolean {
  for (let round = 0; round <= MAX_DECODINGS; round++) {
    if (DOT_SEGMENT.test(path)) return true;
    if (!path.includes("%")) return false;
    const decoded = path.replace(ESCAPE, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
    if (decoded === path) return false;
    path = decoded;
  }
  // Still escaped after all decodings: counts as a dot segment.
  return true;
}
