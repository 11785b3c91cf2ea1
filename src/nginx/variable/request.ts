/**
 * The request as received: `$request`, `$request_method`, `$request_uri`, `$uri`, `$args` and relatives.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Exchange } from "../../http/exchange.ts";
import { toBytes } from "../byte-text.ts";
import { formatSeconds, type VariableTable } from "./getter.ts";

const PROTOCOLS = { "1.0": "HTTP/1.0", "1.1": "HTTP/1.1", "2.0": "HTTP/2.0" } as const;

// A name that no snippet can use.
const OWN_ID = " request_id";

/** nginx's own id: never the client's. */
function requestId(x: Exchange): string {
  if (!x.request.has("x-request-id")) return x.requestId;
  x.variables ??= new Map();
  let id = x.variables.get(OWN_ID);
  if (id === undefined) x.variables.set(OWN_ID, id = randomBytes(16).toString("hex"));
  return id;
}

/** That of ingress-nginx's image. There are no files in it; names of files are made of it all the same. */
const DOCUMENT_ROOT = "/usr/local/nginx/html";

/** The version that ingress-nginx's last release is built of. */
const NGINX_VERSION = "1.27.1";

const PORT = /:([0-9]+)$/;

export const request: VariableTable = {
  request: (x) => `${x.method} ${x.target} ${PROTOCOLS[x.version]}`,
  request_method: (x) => x.method,
  request_uri: (x) => x.target,
  escaped_request_uri: (x) => encodeURIComponent(x.target),
  uri: (x) => toBytes(x.path),
  document_uri: (x) => toBytes(x.path),
  args: (x) => x.query,
  query_string: (x) => x.query,
  is_args: (x) => x.query === undefined || x.query === "" ? "" : "?",
  server_protocol: (x) => PROTOCOLS[x.version],
  scheme: (x) => x.scheme,
  host: (x) => x.host,
  content_type: (x) => x.request.get("content-type"),
  content_length: (x) => x.request.get("content-length"),
  request_id: requestId,
  req_id: (x) => x.requestId,
  request_length: (x) => String(x.requestBytes),
  request_time: (x) => formatSeconds(Date.now() - x.receivedAtMs),
  remote_user: remoteUser,
  request_port: (x) => PORT.exec(x.authority)?.[1],
  is_request_port: (x) => PORT.test(x.authority) ? ":" : "",
  document_root: () => DOCUMENT_ROOT,
  realpath_root: () => DOCUMENT_ROOT,
  request_filename: (x) => DOCUMENT_ROOT + toBytes(x.path),
  fastcgi_script_name: (x) => toBytes(x.path),
  fastcgi_path_info: () => "",
  // No directive tells old browsers from new ones: all count as old.
  ancient_browser: () => "1",
  modern_browser: () => "",
  msie: isInternetExplorer,
  nginx_version: () => NGINX_VERSION,
  // Rates are not limited.
  limit_rate: () => "0",
};

/** As nginx finds it: by the name, two characters behind it, and no Opera that pretends. */
function isInternetExplorer(x: Exchange): string | undefined {
  const agent = x.request.get("user-agent") ?? "";
  const found = agent.indexOf("MSIE ");
  return found >= 0 && found + 7 < agent.length && !agent.includes("Opera") ? "1" : undefined;
}

/** Name given with Basic authentication, whether or not it was checked. */
function remoteUser(x: Exchange): string | undefined {
  const value = x.request.get("authorization");
  if (value === undefined || value.slice(0, 6).toLowerCase() !== "basic ") return undefined;
  // atob throws on what is no base64; Buffer-free so that the same code runs everywhere
  const encoded = value.slice(6).trim();
  if (encoded.length > 4096 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded) || encoded.replace(/=+$/, "").length % 4 === 1) {
    return undefined;
  }
  const decoded = atob(encoded.replace(/=+$/, ""));
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : decoded.slice(0, colon);
}
