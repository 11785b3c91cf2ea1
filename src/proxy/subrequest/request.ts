/**
 * Checks the options of a subrequest, and turns them into the request of an exchange.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { isToken, RequestHead } from "../../http/mod.ts";
import { canonicalIp } from "../../net/mod.ts";
import type { SubrequestOptions, SubrequestTarget } from "../../policy/mod.ts";
import type { UpstreamTls } from "../contract.ts";

/** Fields that belong to the connection, or that the program sets itself. */
const NOT_GIVEN: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "te",
  "transfer-encoding",
  "upgrade",
]);
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const TARGET = /^\/[\x21-\x7e]*$/;
const AUTHORITY = /^[\x21-\x7e]+$/;
const LIMITS = { maxLineBytes: 65536, maxHeadBytes: 262144, maxFields: 1000, dropUnderscores: false } as const;

/** Destination of a request. */
export interface Destination {
  readonly to:
    | { readonly kind: "upstream"; readonly name: string }
    | { readonly kind: "address"; readonly address: string; readonly port: number }
    | { readonly kind: "name"; readonly hostname: string; readonly port: number };
  readonly scheme: "http" | "https";
  readonly authority: string;
  readonly target: string;
  readonly tls: UpstreamTls | null;
}

/** Parses a target. Throws a TypeError when it is not valid. */
export function parseDestination(target: SubrequestTarget): Destination {
  if (target.kind === "upstream") {
    const { authority, upstream } = target;
    if (!TARGET.test(target.target)) throw new TypeError(`subrequest: ${JSON.stringify(target.target)} is no target`);
    if (!AUTHORITY.test(authority)) throw new TypeError(`subrequest: ${JSON.stringify(authority)} is no authority`);
    return { to: { kind: "upstream", name: upstream }, scheme: "http", authority, target: target.target, tls: null };
  }
  if (!URL.canParse(target.url)) throw new TypeError(`subrequest: ${JSON.stringify(target.url)} is no URL`);
  const url = new URL(target.url);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`subrequest: "${url.protocol}" is neither http: nor https:`);
  }
  const secure = url.protocol === "https:";
  const port = url.port === "" ? secure ? 443 : 80 : Number(url.port);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const address = canonicalIp(hostname);
  return {
    to: address === undefined ? { kind: "name", hostname, port } : { kind: "address", address, port },
    scheme: secure ? "https" : "http",
    authority: url.host,
    target: `${url.pathname}${url.search}`,
    tls: secure ? tlsOf(target.authorities ?? "system", address === undefined ? hostname : null) : null,
  };
}

function tlsOf(
  authorities: "system" | "any" | { readonly pem: string },
  serverName: string | null,
): UpstreamTls {
  const pem = typeof authorities === "object" ? authorities.pem : null;
  return {
    key: `subrequest ${serverName ?? ""} ${pem ?? String(authorities)}`,
    serverName,
    caPem: pem,
    systemAuthorities: authorities === "system",
    clientCertificatePem: null,
    clientPrivateKeyPem: null,
  };
}

/** Makes the request. Throws a TypeError when an option cannot stand in a request. */
export function makeRequest(
  { authority, target }: Destination,
  { body = "", fields = [], method = "GET" }: SubrequestOptions,
): { readonly head: RequestHead; readonly body: Uint8Array } {
  if (!isToken(method)) throw new TypeError(`subrequest: ${JSON.stringify(method)} is no method`);
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  let text = `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n`;
  for (const [name, value] of fields) {
    if (!isToken(name) || NOT_GIVEN.has(name.toLowerCase())) {
      throw new TypeError(`subrequest: the field ${JSON.stringify(name)} cannot be given`);
    }
    if (!VALUE.test(value)) throw new TypeError(`subrequest: the value of the field "${name}" cannot be sent`);
    text += `${name}: ${value}\r\n`;
  }
  if (bytes.length > 0) text += `Content-Length: ${bytes.length}\r\n`;
  const head = new RequestHead();
  if (head.parse(`${text}\r\n`, LIMITS) <= 0) {
    throw new TypeError(`subrequest: no request can be made: ${head.error?.message ?? "its head is incomplete"}`);
  }
  return { head, body: bytes };
}
