/**
 * Masks of field lines that are not passed on, compiled once for each location's settings.
 *
 * @module
 */
import { compileFieldMask, type FieldMask } from "../../http/mod.ts";
import type { ForwardSettings } from "../contract.ts";

/** Hop-by-hop and framing fields of requests (RFC 9110 section 7.6.1); the wire writes its own. */
const REQUEST_HOP = [
  "connection",
  "content-length",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
/** Hop-by-hop and framing fields of responses. Policies see Content-Length, and the wire writes it again. */
const RESPONSE_HOP = ["connection", "date", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/** Trailer fields that are never passed on: framing, routing, credentials, cookies (RFC 9110 section 6.5.1). */
const TRAILER_HOP = [
  ...REQUEST_HOP,
  "authorization",
  "cache-control",
  "content-encoding",
  "content-range",
  "content-type",
  "cookie",
  "date",
  "host",
  "location",
  "proxy-authenticate",
  "proxy-authorization",
  "server",
  "set-cookie",
  "vary",
  "www-authenticate",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
];
const TRAILERS: ReadonlySet<string> = new Set(TRAILER_HOP);

/** Masks of one location's settings. */
export interface ForwardMasks {
  readonly request: FieldMask;
  readonly response: FieldMask;
  /** Mask that lets Upgrade through, for 101 and for 426, which needs it. */
  readonly upgrade: FieldMask;
}

let last: ForwardSettings | null = null;
let lastMasks: ForwardMasks | null = null;
const compiled = new WeakMap<ForwardSettings, ForwardMasks>();

/** Returns the masks of the settings; made when first used. */
export function masksOf(settings: ForwardSettings): ForwardMasks {
  // consecutive requests often share their settings
  if (settings === last) return lastMasks!;
  let masks = compiled.get(settings);
  if (masks === undefined) {
    masks = {
      request: compileFieldMask(REQUEST_HOP, settings.dropFields),
      response: compileFieldMask(RESPONSE_HOP, settings.hideFields),
      upgrade: compileFieldMask(RESPONSE_HOP.filter((name) => name !== "upgrade"), settings.hideFields),
    };
    compiled.set(settings, masks);
  }
  last = settings;
  lastMasks = masks;
  return masks;
}

/** Removes trailer lines (each with CRLF) that must not be passed on, or that `hidden` contains. */
export function filterTrailers(lines: string, hidden: ReadonlySet<string> | null): string {
  if (lines === "") return "";
  let out = "";
  for (const line of lines.split("\r\n")) {
    if (line === "") continue;
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    if (!TRAILERS.has(name) && !hidden?.has(name)) out += `${line}\r\n`;
  }
  return out;
}
