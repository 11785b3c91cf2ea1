/**
 * A decoded header list of a request: the message rules of HTTP/2, and its form in HTTP/1.1.
 *
 * @see RFC 9113 sections 8.1 to 8.3
 * @module
 */
import { FieldKind, type HpackField } from "./hpack-decoder.ts";

/** A request as it came. */
export interface H2Request {
  readonly method: string;
  readonly scheme: string;
  /** `:authority`, else the Host field; empty if neither is there. */
  readonly authority: string;
  /** `:path`; `*` for OPTIONS of the server. */
  readonly path: string;
  /** Ordinary field lines in order, host left out, cookie crumbs joined into one line at the place of the first. */
  readonly fields: readonly HpackField[];
  /** Content-Length; -1 when there is none. */
  readonly contentLength: number;
}

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PATH = /^(?:\/[!-~\x80-\xff]*|\*)$/;
const SCHEME = /^https?$/;
const AUTHORITY = /^[!-~]*$/;
const LENGTH = /^[0-9]{1,15}$/;

/** Checks a header list. Text says why it is malformed (stream error PROTOCOL_ERROR). */
export function readRequest(lines: readonly HpackField[]): H2Request | string {
  let method = "";
  let scheme = "";
  let authority: string | undefined;
  let path = "";
  let host: string | undefined;
  let contentLength = -1;
  let cookieAt = -1;
  let cookies = "";
  const fields: HpackField[] = [];
  let pseudo = true;
  for (const field of lines) {
    const { kind } = field;
    if (kind === FieldKind.malformed) return `the field ${JSON.stringify(field.name)} is not allowed`;
    if (kind >= FieldKind.method && kind <= FieldKind.path) {
      if (!pseudo) return "a pseudo-field stands behind an ordinary field";
      if (kind === FieldKind.method && method === "") method = field.value;
      else if (kind === FieldKind.scheme && scheme === "") scheme = field.value;
      else if (kind === FieldKind.path && path === "") path = field.value;
      else if (kind === FieldKind.authority && authority === undefined) authority = field.value;
      else return `the pseudo-field ${field.name} is repeated or empty`;
      continue;
    }
    pseudo = false;
    switch (kind) {
      case FieldKind.cookie:
        if (cookieAt < 0) {
          cookieAt = fields.length;
          cookies = field.value;
          fields.push(field);
        } else cookies += `; ${field.value}`;
        break;
      case FieldKind.host:
        if (host !== undefined) return "the field host is repeated";
        host = field.value;
        break;
      case FieldKind.contentLength:
        if (contentLength >= 0 || !LENGTH.test(field.value)) return "the field content-length is repeated or malformed";
        contentLength = Number(field.value);
        fields.push(field);
        break;
      default:
        fields.push(field);
    }
  }
  if (!METHOD.test(method)) return "the pseudo-field :method is missing or malformed";
  if (method === "CONNECT") return "the method CONNECT is not served";
  if (!SCHEME.test(scheme)) return "the pseudo-field :scheme is missing or not http or https";
  if (!PATH.test(path) || path === "*" && method !== "OPTIONS") return "the pseudo-field :path is missing or malformed";
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
    return "the field host differs from the pseudo-field :authority";
  }
  authority ??= host ?? "";
  if (!AUTHORITY.test(authority)) return "the authority is malformed";
  if (cookieAt >= 0) fields[cookieAt] = { name: "cookie", value: cookies, kind: FieldKind.cookie };
  return { method, scheme, authority, path, fields, contentLength };
}

/** Checks a trailer section: no pseudo-fields, nothing malformed. Text says why it is. */
export function readTrailers(lines: readonly HpackField[]): readonly HpackField[] | string {
  for (const field of lines) {
    if (field.kind === FieldKind.malformed || (field.kind >= FieldKind.method && field.kind <= FieldKind.path)) {
      return `the trailer field ${JSON.stringify(field.name)} is not allowed`;
    }
  }
  return lines;
}

/**
 * The same request head as HTTP/1.1 writes it, in latin1, so that one representation serves both versions.
 * `transfer-encoding: chunked` is not added: framing is the caller's.
 */
export function toHttp1Head(request: H2Request): string {
  let text = `${request.method} ${request.path} HTTP/1.1\r\n`;
  if (request.authority !== "") text += `host: ${request.authority}\r\n`;
  for (const field of request.fields) {
    if (field.kind !== FieldKind.te) text += `${field.name}: ${field.value}\r\n`;
  }
  return `${text}\r\n`;
}
