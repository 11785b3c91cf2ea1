/**
 * Response head of an upstream. The parser is as lenient as nginx, because a backend may be a short shell script, and
 * strict about framing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-4
 * @module
 */
import { CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING } from "../known-field.ts";
import { TCHAR } from "../method.ts";
import { statusLine } from "../status.ts";
import { listHasToken } from "../token-list.ts";
import { Head, type HeadError } from "./head.ts";
import { CHUNKED } from "./request-head.ts";

/** The body ends when the connection does. */
export const UNTIL_CLOSE = -2;

const MAX_FIELDS = 250;
/** Offset of the reason phrase. */
const REASON_AT = 13;

const USUAL = new RegExp(
  `HTTP/1\\.[01] [1-9][0-9]{2}(?: [\\t\\x20-\\x7e\\x80-\\xff]*)?\\r\\n(?:[${TCHAR}]+:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n)*\\r\\n`,
  "y",
);
const STATUS_LINE = /^HTTP\/1\.[0-9] [1-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?$/;
// Values keep their control characters, as in nginx: dropping such a field might drop a protection.
const FIELD_LINE = new RegExp(`^([${TCHAR}]+)[ \\t]*:(.*)$`, "s");
const BROKEN_VALUE = /[\0\r]/;
const LENGTH = /^[0-9]{1,15}$/;

/** Response head of an upstream connection, reused for each of its responses. */
export class ResponseHead extends Head {
  status = 0;
  /** Minor version: 0 or 1. */
  minorVersion = 1;
  /**
   * Body length as the fields give it: Content-Length, {@link CHUNKED} or {@link UNTIL_CLOSE}. Status and method are
   * not taken into account.
   */
  bodyBytes = 0;
  /** There is a Content-Length field. It counts for HEAD and 304 as well. */
  hasLength = false;
  /** The connection stays open after the response. */
  keepAlive = true;
  error: HeadError | null = null;
  #reasonStart = 0;
  #reasonEnd = 0;

  override reset(): void {
    super.reset();
    this.status = 0;
    this.bodyBytes = 0;
    this.hasLength = false;
    this.keepAlive = true;
    this.error = null;
  }

  /** Status line of the upstream with CRLF, with the version of the proxy. */
  statusLine(): string {
    const usual = statusLine(this.status);
    // a missing reason phrase gets the standard one; the standard ones need no new string
    if (this.#reasonEnd <= REASON_AT || this.text.startsWith(usual)) return usual;
    return `HTTP/1.1${this.text.slice(this.#reasonStart, this.#reasonEnd)}\r\n`;
  }

  /**
   * Parses the head at the start of `text` (one char a byte). Returns its length; 0 when more bytes are needed; -1 when
   * it is refused, with the reason in {@link ResponseHead.error}.
   */
  parse(text: string, maxBytes: number): number {
    USUAL.lastIndex = 0;
    if (USUAL.test(text)) {
      const end = USUAL.lastIndex;
      if (end > maxBytes) return this.#refuse("fields-too-large", "the response head is too long", maxBytes);
      return this.#read(text, end);
    }
    return this.#parseOdd(text, maxBytes);
  }

  #refuse(kind: HeadError["kind"], message: string, offset: number): -1 {
    this.error = { kind, message, offset };
    return -1;
  }

  #read(text: string, consumed: number): number {
    const lineEnd = text.indexOf("\r", 12);
    this.minorVersion = text.charCodeAt(7) === 48 ? 0 : 1;
    this.status = (text.charCodeAt(9) - 48) * 100 + (text.charCodeAt(10) - 48) * 10 + text.charCodeAt(11) - 48;
    this.#reasonStart = 8;
    this.#reasonEnd = lineEnd;
    if (this.index(text, lineEnd + 2, MAX_FIELDS) < 0) {
      return this.#refuse("fields-too-large", "there are too many fields", 0);
    }
    const length = this.known(CONTENT_LENGTH);
    const coding = this.known(TRANSFER_ENCODING);
    if (coding !== undefined) {
      if (length !== undefined || this.repeated(TRANSFER_ENCODING) || coding.toLowerCase() !== "chunked") {
        return this.#refuse("malformed", "the framing is ambiguous", this.offsetOf(TRANSFER_ENCODING));
      }
      this.bodyBytes = CHUNKED;
    } else if (length !== undefined) {
      if (this.repeated(CONTENT_LENGTH) || !LENGTH.test(length)) {
        return this.#refuse("malformed", "Content-Length is repeated or no number", this.offsetOf(CONTENT_LENGTH));
      }
      this.bodyBytes = Number(length);
      this.hasLength = true;
    } else this.bodyBytes = UNTIL_CLOSE;
    this.#connection();
    return consumed;
  }

  #connection(): void {
    this.keepAlive = this.minorVersion === 1;
    const first = this.known(CONNECTION);
    if (first === undefined || first === "keep-alive") {
      if (first !== undefined && !this.repeated(CONNECTION)) this.keepAlive = true;
      return;
    }
    const value = this.repeated(CONNECTION) ? this.getAll("connection").join(",") : first;
    if (listHasToken(value, "close")) this.keepAlive = false;
    else if (listHasToken(value, "keep-alive")) this.keepAlive = true;
    for (const option of value.split(",")) {
      const name = option.trim().toLowerCase();
      if (name !== "" && !KEPT.has(name)) this.drop(name);
    }
  }

  /** Normalises bare LF, folded lines and lines that are no fields, then parses the head. */
  #parseOdd(text: string, maxBytes: number): number {
    const start = text.slice(0, 9);
    if (!"HTTP/1.".startsWith(start.slice(0, 7)) || (start.length > 7 && !/^HTTP\/1\.[0-9]/.test(start))) {
      return this.#refuse("malformed", "the response does not begin with HTTP/1", 0);
    }
    const end = headEnd(text);
    if (end < 0) {
      if (text.length >= maxBytes) return this.#refuse("fields-too-large", "the response head is too long", maxBytes);
      return 0;
    }
    if (end > maxBytes) return this.#refuse("fields-too-large", "the response head is too long", maxBytes);
    const lines = text.slice(0, end).split("\n");
    const statusLine = withoutCr(lines[0]!);
    if (!STATUS_LINE.test(statusLine)) return this.#refuse("malformed", "the status line is malformed", 0);
    // minor versions above 1 are read as 1
    let head = /^HTTP\/1\.[01]/.test(statusLine) ? statusLine : `HTTP/1.1${statusLine.slice(8)}`;
    let offset = statusLine.length;
    for (let i = 1; i < lines.length; i++) {
      const line = withoutCr(lines[i]!);
      if (BROKEN_VALUE.test(line)) return this.#refuse("malformed", "a field line has a CR or NUL", offset);
      offset += line.length + 1;
      if ((line.startsWith(" ") || line.startsWith("\t")) && i > 1) {
        // RFC 9112 section 5.2: a folded line is replaced by a space
        const rest = line.trim();
        if (/^[\t\x20-\x7e\x80-\xff]*$/.test(rest)) head += ` ${rest}`;
        continue;
      }
      const field = FIELD_LINE.exec(line);
      if (field !== null) head += `\r\n${field[1]}:${field[2]}`;
      // an unreadable framing field must not be ignored
      else if (/^(?:content-length|transfer-encoding)/i.test(line)) {
        return this.#refuse("malformed", "a framing field is malformed", offset);
      }
    }
    return this.#read(`${head}\r\n\r\n`, end);
  }
}

const KEPT: ReadonlySet<string> = new Set([
  "close",
  "keep-alive",
  "upgrade",
  "content-length",
  "transfer-encoding",
  "set-cookie",
]);

/** The line without its trailing CRs: some programs turn CRLF into CR CR LF. */
function withoutCr(line: string): string {
  let end = line.length;
  while (end > 0 && line.charCodeAt(end - 1) === 13) end--;
  return line.slice(0, end);
}

/** Offset after the empty line that ends the head; -1 if there is none. */
function headEnd(text: string): number {
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    const next = text.charCodeAt(at + 1);
    if (next === 10) return at + 2;
    if (next === 13 && text.charCodeAt(at + 2) === 10) return at + 3;
  }
  return -1;
}
