/**
 * One request and its response, as policies, snippets, the router and the access log see them. It is the same for
 * HTTP/1.1 and HTTP/2. The data plane implements it; rooms above the data plane use only this interface.
 *
 * @module
 */
import type { ProxyAddresses } from "../net/mod.ts";
import type { Fields } from "./fields.ts";

/** Version of the request. */
export type HttpVersion = "1.0" | "1.1" | "2.0";

/** Result of a TLS handshake. */
export interface TlsInfo {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** OpenSSL name of the cipher. */
  readonly cipher: string;
  /** Server name as sent by the client, lower-cased; empty if none. */
  readonly serverName: string;
  /** Protocol that ALPN selected, such as `h2`; empty when none was selected. */
  readonly applicationProtocol: string;
  /** A session was resumed. */
  readonly resumed: boolean;
}

/** The connection that carries a request. All requests of a connection share the object. */
export interface Connection {
  /** Serial number within the process ($connection). */
  readonly id: number;
  /** Address of the peer, IPv4-mapped IPv6 written as IPv4 ($realip_remote_addr). */
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsInfo | null;
  /** Addresses from the PROXY protocol header; `null` without a header ($proxy_protocol_addr and the like). */
  readonly proxied: ProxyAddresses | null;
  /** Time at which the connection was accepted, milliseconds since the epoch (coarse clock). */
  readonly openedAtMs: number;
  /** Requests so far, this one included ($connection_requests). */
  readonly requestCount: number;
}

/** One attempt to get a response from an endpoint, for $upstream_addr and the like. */
export interface UpstreamAttempt {
  /** `ip:port`, IPv6 in brackets. */
  readonly address: string;
  /** Pod name of the endpoint; empty when it has none. */
  readonly pod: string;
  /** Status of the response, or the one that the failure is mapped to (502, 504). */
  status: number;
  /** Milliseconds from the start of the attempt to its end; -1 while unknown. */
  responseMs: number;
  /** Milliseconds until the connection was established; -1 if it never was, 0 for a pooled connection. */
  connectMs: number;
  /** Milliseconds until the response head. -1 while unknown. */
  headerMs: number;
  /** Body bytes received. */
  responseBytes: number;
}

/** Kubernetes objects that a location comes from ($namespace, $ingress_name, $service_name, ...). */
export interface LocationFacts {
  readonly namespace: string;
  readonly ingressName: string;
  readonly serviceName: string;
  readonly servicePort: string;
  /** Path as written in the Ingress ($location_path). */
  readonly path: string;
  /** Key of the upstream in the snapshot ($proxy_upstream_name); empty for none. */
  readonly upstreamName: string;
  /** Key of the upstream that was chosen in its place ($proxy_alternative_upstream_name); empty: none was. */
  readonly alternativeUpstreamName: string;
  /** Form of redirects. Default: absolute URLs without a port. */
  readonly redirectForm?: RedirectForm;
}

/** Form of redirects to a path of the own host. */
export interface RedirectForm {
  /** Location holds the path alone (nginx `absolute_redirect off`). */
  readonly relative: boolean;
  /** The absolute URL names the port of the connection, unless it is that of the scheme (`port_in_redirect on`). */
  readonly withPort: boolean;
}

/** Reason for which a request is answered with 503. */
export interface AnswerFailure {
  /** `denied`: an access rule, or the whole location, cannot be built, so nothing is served. */
  readonly code: "denied" | "unsafe-path" | "upstream-none" | "upstream-unresolved";
  readonly cause: string;
}

/** A complete response that the program itself makes. */
export interface Answer {
  readonly status: number;
  /** Field lines in order. The writer adds Date, Content-Length and Connection. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
  /** Text is sent as UTF-8. `undefined`: for a status of 300 or more, nginx's short HTML page. */
  readonly body?: string | Uint8Array;
  /** Content-Type of the body; default `text/html` as in ingress-nginx. */
  readonly contentType?: string;
  /** Close the connection after the response; `abort`: close it without a response (nginx's 444). */
  readonly close?: boolean | "abort";
  /** Reason for the log; never sent. Absent when a rule asks for this answer. */
  readonly failure?: AnswerFailure;
}

/** A content coding that is applied to a response body. */
export interface BodyCoding {
  readonly name: "gzip" | "br";
  /** gzip: 1 to 9; br: 0 to 11. */
  readonly level: number;
}

/** Transforms a response body, piece by piece. */
export interface BodyTransform {
  /**
   * Returns the bytes to send for a piece of the body; empty when there are none yet. The piece must be copied to be
   * kept.
   */
  transform(bytes: Uint8Array): Uint8Array;
  /** The body is complete. Returns the remaining bytes. */
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
  /** Request field lines. The upstream gets them with all changes made here. */
  readonly request: Fields;
  /** Body length from Content-Length; 0: no body; -1: chunked, unknown. */
  readonly requestBodyBytes: number;
  /** Time at which the first byte of the request arrived, milliseconds since the epoch (coarse clock). */
  readonly receivedAtMs: number;

  /** {@link Exchange.authority} without port and trailing dot, lower-cased ($host). Server name of the host when empty. */
  host: string;
  /** Decoded, normalised path ($uri): percent-decoded, `//` merged, dot segments resolved. Rewrites change it. */
  path: string;
  /** Query without `?`; `undefined` when there is no `?` ($args). */
  query: string | undefined;
  /**
   * A rewrite has changed {@link Exchange.path} or {@link Exchange.query}; upstreams then get these in place of the
   * target.
   */
  rewritten: boolean;
  /**
   * The rest of the rewrite step (redirects, rewrite-target) is skipped. Set by `break` and `rewrite ... break` of a
   * snippet; false at first.
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
  /** Value for X-Request-ID ($req_id): that of the client, or 32 random hex digits, generated at the first read. */
  requestId: string;
  /** Host for the upstream ($best_http_host). */
  forwardedHost: string;
  /** Objects that the chosen location comes from; `null` before the location search. */
  location: LocationFacts | null;
  /** Name of the upstream that a snippet chose in this location (`set $proxy_upstream_name`); `null`: that of the location. */
  upstreamName: string | null;
  /** Variables that `set` and captures define; created when the first one is set. */
  variables: Map<string, string> | null;
  /** Captures of the last successful match: index 0 is the whole match. */
  captures: readonly (string | undefined)[] | null;
  /** State of the snippet interpreter; nothing else reads it. Absent at first. */
  snippet?: unknown;

  /** Status of the final response; 0 before there is one. */
  status: number;
  /** Field lines of the final response; `null` before there is one. Response hooks of policies edit them. */
  response: Fields | null;
  /**
   * Coding that the wire applies to the body. A response hook sets it, and adjusts Content-Encoding, Content-Length and
   * ETag itself. Default: no coding.
   */
  bodyCoding?: BodyCoding | null;
  /**
   * Transform of the body, before {@link Exchange.bodyCoding}. Set when the response head is known, by a hook that
   * adjusts the head itself. Default: no transform.
   */
  bodyTransform?: BodyTransform | null;
  /**
   * Value of the Set-Cookie field that binds the client to the endpoint just picked (annotation affinity). The balancer
   * sets it, the policy of the location sends it. Default: no cookie is sent.
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
