/**
 * Request head. The parser refuses whatever two implementations could read as two different requests.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3
 * @module
 */
import { CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE } from "../known-field.ts";
import { listHasToken, parseTokenList } from "../token-list.ts";
import { Head, type HeadError } from "./head.ts";

/** How long a head may be. */
export interface HeadLengths {
  /** Longest request line (target-too-long) and field line (fields-too-large). */
  readonly maxLineBytes: number;
  readonly maxHeadBytes: number;
}

/** Lengths that differ by host. As in nginx, those of a host hold for the lines after the one that names it. */
export interface HostLengths {
  /** Those of the host of an authority. */
  of(authority: string): HeadLengths;
  /** A head up to this length is short enough for every host. */
  readonly leastBytes: number;
  /** No host takes a longer head. */
  readonly mostBytes: number;
}

/** Limits of a request head. Its lengths are those until the host is known. */
export interface RequestLimits extends HeadLengths {
  /** Default: the lengths hold for all hosts. */
  readonly hosts?: HostLengths;
  readonly maxFields: number;
  /** Lines with `_` in their name are dropped. */
  readonly dropUnderscores: boolean;
  /** Names with other characters than letters, digits and `-` stay, `_` too. Default: false. */
  readonly keepInvalidNames?: boolean;
}

/** Body length of a chunked body, which is unknown before its end. */
export const CHUNKED = -1;

// Both expressions are linear: neighbouring parts share no character. A line whose name is no token matches, and is
// dropped afterwards, as nginx does.
const USUAL = /[A-Z]+ [\x21-\x7e\x80-\xff]+ HTTP\/1\.[01]\r\n(?:[A-Za-z0-9-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/y;
// Names that are no tokens are let in: their lines are dropped, as nginx does.
const ANY =
  /[A-Z_-]+ [\x21-\x7e\x80-\xff]+ HTTP\/1\.[0-9]\r\n(?:[\x21-\x39\x3b-\x7e\x80-\xff]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/y;
const LINE = /^[A-Z_-]+ [\x21-\x7e\x80-\xff]+ HTTP\/1\.[0-9]$/;
const LINE_OF_OTHER_VERSION = /^[A-Z_-]+ [\x21-\x7e\x80-\xff]+ HTTP\/[0-9]\.[0-9]$/;
/** First character of a method, as in nginx: lower-case methods are refused. */
const METHOD_START = /^[A-Z_-]/;
// Line ends other than CRLF, and NUL. A CR at the very end may be the first half of CRLF.
const BROKEN_LINE = /[^\r]\n|^\n|\r(?!\n|$)|\0/;
const LENGTH = /^[0-9]{1,15}$/;
// reg-name with `_`, or an IP literal; then a port. Two dots in a row are refused, as in nginx.
const AUTHORITY = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=%]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)([/?].*)?$/i;

/** What names the host: the target of an absolute-form, else the field. */
const TARGET_HOST = /^[A-Z_-]+ https?:\/\/([^/?# ]*)/i;
const HOST_LINE = /^host:[\t ]*([^\t ]*)[\t ]*$/i;

/** Request head of a connection, reused for each of its requests. */
export class RequestHead extends Head {
  method = "";
  /** Request-target in origin-form; of an absolute-form, its path and query. */
  target = "";
  /** Authority of the absolute-form, or else of Host; empty when there is none (HTTP/1.0). */
  authority = "";
  /** Minor version: 0 or 1. */
  minorVersion = 1;
  /** Body length: Content-Length, 0 without a body, or {@link CHUNKED}. */
  bodyBytes = 0;
  /** The client takes further requests on the connection. */
  keepAlive = true;
  /** `Expect: 100-continue` of a request with a body. */
  expectsContinue = false;
  /** Connection lists `upgrade` and there is an Upgrade field. */
  upgrade = false;
  error: HeadError | null = null;

  override reset(): void {
    super.reset();
    this.method = "";
    this.target = "";
    this.authority = "";
    this.minorVersion = 1;
    this.bodyBytes = 0;
    this.keepAlive = true;
    this.expectsContinue = false;
    this.upgrade = false;
    this.error = null;
  }

  /**
   * Parses the head at the start of `text` (one char a byte). Returns its length; 0 when more bytes are needed; -1 when
   * it is refused, with the reason in {@link RequestHead.error}.
   */
  parse(text: string, limits: RequestLimits): number {
    let start = 0;
    // RFC 9112 section 2.2: an empty line before the request line is ignored
    while (text.charCodeAt(start) === 13 && text.charCodeAt(start + 1) === 10) start += 2;
    USUAL.lastIndex = start;
    if (USUAL.test(text)) {
      const end = USUAL.lastIndex;
      if (end > (limits.hosts === undefined ? limits.maxLineBytes : limits.hosts.leastBytes)) {
        const error = tooLarge(text, start, end, limits);
        if (error !== null) return this.#refuse(error);
      }
      return this.#read(text, start, limits, false);
    }
    return this.#parseOdd(text, start, limits);
  }

  #refuse(error: HeadError): -1 {
    this.error = error;
    return -1;
  }

  #malformed(message: string, offset: number): -1 {
    return this.#refuse({ kind: "malformed", message, offset });
  }

  /** Handles heads that are incomplete or malformed, or whose names nginx drops. */
  #parseOdd(text: string, start: number, limits: RequestLimits): number {
    if (start < text.length && text.charCodeAt(start) !== 13 && !METHOD_START.test(text.slice(start, start + 1))) {
      return this.#malformed("the request line does not begin with a method", start);
    }
    const broken = BROKEN_LINE.exec(text);
    const end = text.indexOf("\r\n\r\n", start);
    if (broken !== null && (end < 0 || broken.index < end)) {
      const offset = broken.index + (broken[0].length > 1 ? 1 : 0);
      return this.#malformed("a line ends without CRLF, or a NUL stands in the head", offset);
    }
    const error = tooLarge(text, start, end < 0 ? text.length : end + 4, limits);
    if (error !== null) return this.#refuse(error);
    const lineEnd = text.indexOf("\r\n", start);
    if (lineEnd < 0) return 0;
    const line = text.slice(start, lineEnd);
    if (!LINE.test(line)) {
      if (LINE_OF_OTHER_VERSION.test(line)) {
        return this.#refuse({
          kind: "version",
          message: "the version is not HTTP/1",
          offset: line.lastIndexOf(" ") + 1,
        });
      }
      return this.#malformed("the request line is malformed", start);
    }
    if (end < 0) return 0;
    ANY.lastIndex = start;
    if (!ANY.test(text)) return this.#malformed("a field line is malformed", badLine(text, lineEnd + 2));
    return this.#read(text, start, limits, true);
  }

  #read(text: string, start: number, limits: RequestLimits, oddNames: boolean): number {
    const methodEnd = text.indexOf(" ", start);
    const targetEnd = text.indexOf(" ", methodEnd + 1);
    // GET needs no new string
    this.method = text.startsWith("GET ", start) ? "GET" : text.slice(start, methodEnd);
    this.target = text.slice(methodEnd + 1, targetEnd);
    // versions above 1.1 of the same major are read as 1.1 (RFC 9110 section 2.5)
    this.minorVersion = text.charCodeAt(targetEnd + 8) === 48 ? 0 : 1;
    const end = this.index(text, targetEnd + 11, limits.maxFields);
    if (end < 0) return this.#refuse({ kind: "fields-too-large", message: "there are too many fields", offset: 0 });
    const bad = this.#frame() || this.#host(methodEnd + 1) || this.#connection();
    if (bad) return -1;
    if (oddNames) {
      if (limits.keepInvalidNames !== true) this.dropOddNames(!limits.dropUnderscores);
    }
    return end;
  }

  /** Determines the body length (RFC 9112 section 6.3); whatever is ambiguous is refused. True: refused. */
  #frame(): boolean {
    const length = this.known(CONTENT_LENGTH);
    const coding = this.known(TRANSFER_ENCODING);
    if (coding !== undefined) {
      const offset = this.offsetOf(TRANSFER_ENCODING);
      if (length !== undefined) return this.#malformed("Content-Length stands beside Transfer-Encoding", offset) < 0;
      if (this.minorVersion === 0) return this.#malformed("Transfer-Encoding in HTTP/1.0", offset) < 0;
      if (this.repeated(TRANSFER_ENCODING)) return this.#malformed("Transfer-Encoding is repeated", offset) < 0;
      if (coding !== "chunked" && coding.toLowerCase() !== "chunked") {
        return this.#refuse({ kind: "coding", message: "Transfer-Encoding is not chunked", offset }) < 0;
      }
      this.bodyBytes = CHUNKED;
    } else if (length !== undefined) {
      const offset = this.offsetOf(CONTENT_LENGTH);
      if (this.repeated(CONTENT_LENGTH)) return this.#malformed("Content-Length is repeated", offset) < 0;
      if (!LENGTH.test(length)) return this.#malformed("Content-Length is no number", offset) < 0;
      this.bodyBytes = Number(length);
    }
    return false;
  }

  #host(targetAt: number): boolean {
    const host = this.known(HOST);
    if (host === undefined) {
      if (this.minorVersion === 1) return this.#malformed("there is no Host", 0) < 0;
    } else {
      if (this.repeated(HOST)) return this.#malformed("Host is repeated", this.offsetOf(HOST)) < 0;
      if (!AUTHORITY.test(host) || host.includes("..") || host === ".") {
        return this.#malformed("Host is malformed", this.offsetOf(HOST)) < 0;
      }
      this.authority = host;
    }
    if (this.target.charCodeAt(0) === 0x2f) {
      return this.target.includes("#") && this.#malformed("the request-target has a fragment", targetAt) < 0;
    }
    if (this.method === "CONNECT") {
      return !AUTHORITY.test(this.target) && this.#malformed("the request-target is malformed", targetAt) < 0;
    }
    const absolute = ABSOLUTE.exec(this.target);
    if (
      absolute === null || !AUTHORITY.test(absolute[1]!) || absolute[1]!.includes("..") || this.target.includes("#")
    ) {
      return this.#malformed("the request-target is malformed", targetAt) < 0;
    }
    this.authority = absolute[1]!;
    const rest = absolute[2] ?? "/";
    this.target = rest.startsWith("?") ? `/${rest}` : rest;
    return false;
  }

  #connection(): boolean {
    this.keepAlive = this.minorVersion === 1;
    const connection = this.known(CONNECTION);
    if (connection !== undefined) this.#connectionOptions(connection);
    const expect = this.known(EXPECT);
    if (expect !== undefined && this.bodyBytes !== 0 && this.minorVersion === 1) {
      this.expectsContinue = expect.toLowerCase() === "100-continue";
    }
    return false;
  }

  #connectionOptions(first: string): void {
    if (first === "keep-alive" && !this.repeated(CONNECTION)) {
      this.keepAlive = true;
      return;
    }
    const value = this.repeated(CONNECTION) ? this.getAll("connection").join(",") : first;
    if (listHasToken(value, "close")) this.keepAlive = false;
    else if (listHasToken(value, "keep-alive")) this.keepAlive = true;
    for (const option of parseTokenList(value)) {
      if (option === "upgrade") this.upgrade = this.minorVersion === 1 && isTunnelled(this.known(UPGRADE));
      // Fields that Connection names are not passed on, except those that name or frame the message.
      else if (!KEPT.has(option)) this.drop(option);
    }
  }
}

/**
 * True when the Upgrade field may be passed to the upstream. HTTP/2 is not passed: through the tunnel a client could
 * send requests that no rule of a host or path has checked.
 */
function isTunnelled(protocols: string | undefined): boolean {
  return protocols !== undefined && protocols !== "" && !/(?:^|[\t ,])h2c?(?:$|[\t ,/])/i.test(protocols);
}

/** Options of Connection that are no field names, and fields that Connection cannot remove. */
const KEPT: ReadonlySet<string> = new Set(["close", "keep-alive", "host", "content-length", "transfer-encoding"]);

/** First limit that the head, or the part received so far, exceeds. */
function tooLarge(text: string, start: number, end: number, limits: RequestLimits): HeadError | null {
  const { hosts } = limits;
  if (hosts === undefined) {
    if (end - start <= limits.maxLineBytes && end <= limits.maxHeadBytes) return null;
  } else if (end <= hosts.leastBytes) return null;
  let lengths: HeadLengths = limits;
  let named = hosts === undefined;
  let at = start;
  while (at < end) {
    let next = text.indexOf("\r\n", at);
    if (next < 0 || next > end) next = end;
    // as in nginx, the line end counts
    if (next + 2 - at > lengths.maxLineBytes) {
      return at === start
        ? { kind: "target-too-long", message: "the request line is too long", offset: at }
        : { kind: "fields-too-large", message: "a field line is too long", offset: at };
    }
    if (!named && next < end) {
      const host = (at === start ? TARGET_HOST : HOST_LINE).exec(text.slice(at, next))?.[1];
      if (host !== undefined) {
        lengths = hosts!.of(host);
        named = true;
      }
    }
    at = next + 2;
  }
  if (end > lengths.maxHeadBytes) {
    return { kind: "fields-too-large", message: "the head is too long", offset: lengths.maxHeadBytes };
  }
  return null;
}

/** Offset of the first line that is no field line. */
function badLine(text: string, from: number): number {
  const field = /^[\x21-\x39\x3b-\x7e\x80-\xff]+:[\t\x20-\x7e\x80-\xff]*$/;
  let at = from;
  for (;;) {
    const end = text.indexOf("\r\n", at);
    if (end < 0 || end === at || !field.test(text.slice(at, end))) return at;
    at = end + 2;
  }
}
