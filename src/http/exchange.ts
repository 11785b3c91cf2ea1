/**
 * One request and its response, as policies, snippets, the router and the access log see it, whatever the wire was
 * (HTTP/1.1 or HTTP/2). The data plane implements it; rooms above the data plane use only this interface.
 *
 * @module
 */
import type { ProxyAddresses } from "../net/proxy-protocol.ts";
import type { Fields } from "./fields.ts";

/** Version of the request. */
export type HttpVersion = "1.0" | "1.1" | "2.0";

/** What a TLS handshake agreed on. */
export interface TlsInfo {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** OpenSSL name of the cipher. */
  readonly cipher: string;
  /** Server name as sent by the client, lower-cased; empty if none. */
  readonly serverName: string;
  /** What ALPN agreed on, such as `h2`; empty: nothing. */
  readonly applicationProtocol: string;
  /** A session was resumed. */
  readonly resumed: boolean;
}

/** The connection that a request came by. One object for all requests of a connection. */
export interface Connection {
  /** Serial number within the process ($connection). */
  readonly id: number;
  /** Address of the peer, IPv4-mapped IPv6 written as IPv4 ($realip_remote_addr). */
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsInfo | null;
  /** Addresses told by a PROXY protocol header; `null` without one ($proxy_protocol_addr and relatives). */
  readonly proxied: ProxyAddresses | null;
  /** Milliseconds since the epoch, when it was accepted (coarse clock). */
  readonly openedAtMs: number;
  /** Requests so far, this one included ($connection_requests). */
  readonly requestCount: number;
}

/** One attempt to get an answer from an endpoint, for $upstream_addr and relatives. */
export interface UpstreamAttempt {
  /** `ip:port`, IPv6 in brackets. */
  readonly address: string;
  /** Pod name of the endpoint; empty when it has none. */
  readonly pod: string;
  /** Status answered, or that given to the failure (502, 504). */
  status: number;
  /** Milliseconds from the start of the attempt to its end; -1 while unknown. */
  responseMs: number;
  /** Milliseconds until the connection stood; -1 if it never did, 0 for a pooled one. */
  connectMs: number;
  /** Milliseconds until the response head. -1 while unknown. */
  headerMs: number;
  /** Body bytes received. */
  responseBytes: number;
}

/** Which objects a location comes from ($namespace, $ingress_name, $service_name, ...). */
export interface LocationFacts {
  readonly namespace: string;
  readonly ingressName: string;
  readonly serviceName: string;
  readonly servicePort: string;
  /** Path as written in the Ingress ($location_path). */
  readonly path: string;
  /** Key of the upstream in the snapshot ($proxy_upstream_name); empty for none. */
  readonly upstreamName: string;
  /** Absent: absolute, without a port. */
  readonly redirectForm?: RedirectForm;
}

/** How redirects to a path of the own host are written. */
export interface RedirectForm {
  /** The path alone (nginx `absolute_redirect off`). */
  readonly relative: boolean;
  /** The absolute URL names the port of the connection, unless it is that of the scheme (`port_in_redirect on`). */
  readonly withPort: boolean;
}

/** Why a request is answered with 503. */
export interface AnswerFailure {
  /** denied: what guards access, or all of the location, cannot be built, so nothing is served. */
  readonly code: "denied" | "unsafe-path" | "upstream-none" | "upstream-unresolved";
  readonly cause: string;
}

/** A response made here, complete. */
export interface Answer {
  readonly status: number;
  /** In order. Date, Content-Length and Connection are added when it is written. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
  /** Text is sent as UTF-8. `undefined` for statuses of 300 and more means nginx's short HTML page. */
  readonly body?: string | Uint8Array;
  /** Content-Type of the body; default `text/html` as in ingress-nginx. */
  readonly contentType?: string;
  /** Close the connection after the response; `abort`: without any response (nginx's 444). */
  readonly close?: boolean | "abort";
  /** Why nothing is served, for the log; never sent. Absent: somebody asked for this answer. */
  readonly failure?: AnswerFailure;
}

/** A content coding that a body gets on its way to the client. */
export interface BodyCoding {
  readonly name: "gzip" | "br";
  /** gzip: 1 to 9; br: 0 to 11. */
  readonly level: number;
}

/** Makes another body of a response body, piece by piece. */
export interface BodyTransform {
  /** What goes out for a piece of the body; empty: nothing yet. It may keep a copy of the piece, not the piece itself. */
  transform(bytes: Uint8Array): Uint8Array;
  /** The body is complete: the rest. */
  flush(): Uint8Array;
}

/** One request and its response. */
export interface Exchange {
  readonly connection: Connection;
  readonly version: HttpVersion;
  readonly method: string;
  /** The request-target as received ($request_uri); never changes. For absolute-form, path and query of it. */
  readonly target: string;
  /** Value of the Host field or :authority, verbatim; authority of an absolute-form target when there is one; empty if none. */
  readonly authority: string;
  /** Request field lines; what is changed here is what an upstream gets. */
  readonly request: Fields;
  /** Body length from Content-Length; 0: no body; -1: chunked, unknown. */
  readonly requestBodyBytes: number;
  /** Milliseconds since the epoch, when the first byte of the request arrived (coarse clock). */
  readonly receivedAtMs: number;

  /** {@link Exchange.authority} without port and trailing dot, lower-cased ($host). Server name of the host when empty. */
  host: string;
  /** Decoded, normalised path ($uri): percent-decoded, `//` merged, dot segments resolved. Rewrites change it. */
  path: string;
  /** Query without `?`; `undefined` when there is no `?` ($args). */
  query: string | undefined;
  /** True once a rewrite changed {@link Exchange.path} or {@link Exchange.query}: upstreams then get these, not the target. */
  rewritten: boolean;
  /**
   * The rest of the location rewrite step (redirects, rewrite-target) is skipped: set by `break` in a snippet and by
   * `rewrite ... break`. False at first.
   */
  rewriteEnded: boolean;
  /** An internal redirect (`rewrite`, `try_files`, `error_page`) has taken place: `internal` locations may be entered. False at first. */
  internal: boolean;
  /** Client address after real-ip processing ($remote_addr, $the_real_ip). */
  clientAddress: string;
  /** Scheme of the connection ($scheme). */
  readonly scheme: "http" | "https";
  /** Scheme as seen by the outermost proxy ($pass_access_scheme): X-Forwarded-Proto if trusted, else {@link Exchange.scheme}. */
  forwardedScheme: string;
  /** Port as seen by the outermost proxy ($pass_port). */
  forwardedPort: string;
  /** Value for X-Request-ID ($req_id): that of the client, else 32 hex digits, made when first read. */
  requestId: string;
  /** Host for the upstream ($best_http_host). */
  forwardedHost: string;
  /** Objects that the chosen location comes from; `null` before the location search. */
  location: LocationFacts | null;
  /** Name of the upstream that a snippet chose in this location (`set $proxy_upstream_name`); `null`: that of the location. */
  upstreamName: string | null;
  /** Variables made by `set`, captures of `if`; created when first needed. */
  variables: Map<string, string> | null;
  /** Captures of the last successful match: index 0 is the whole match. */
  captures: readonly (string | undefined)[] | null;
  /** Free slot of the snippet interpreter: the settings that hold after the `if`s of the location. Opaque to others; absent at first. */
  snippet?: unknown;

  /** Status of the final response; 0 before there is one. */
  status: number;
  /** Field lines of the final response; `null` before there is one. Policies' response hooks edit them. */
  response: Fields | null;
  /**
   * Set by a response hook, which has seen to Content-Encoding, Content-Length and the like: the wire encodes the body.
   * Absent and `null`: the body goes as it comes.
   */
  bodyCoding?: BodyCoding | null;
  /**
   * Set when the head of the response is known, by whoever has edited it accordingly: the body goes through it, and then
   * through {@link Exchange.bodyCoding}. Absent and `null`: it goes as it comes.
   */
  bodyTransform?: BodyTransform | null;
  /**
   * Value of a Set-Cookie field that binds the client to the endpoint just picked for it (annotation affinity); made by
   * the balancer, sent by the location's policy. Absent and `null`: the client keeps what it has.
   */
  affinityCookie?: string | null;
  /** Attempts so far, in order. */
  readonly attempts: readonly UpstreamAttempt[];
  /** Bytes of request line, fields and body received ($request_length). */
  readonly requestBytes: number;
  /** Bytes sent to the client, head included ($bytes_sent). */
  readonly sentBytes: number;
  /** Body bytes sent to the client ($body_bytes_sent). */
  readonly sentBodyBytes: number;
}
