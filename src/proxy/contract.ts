/**
 * The interface between the two halves of the data plane: the wire (listener, codec, forward, upstream pools) and the
 * pipeline (host table, router, policies, balancers, log). The wire makes exchanges and calls the {@link
 * ExchangeHandler}; the handler answers each one exactly once, with {@link ServerExchange.answer}, `respond` or
 * `forward`.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Answer, Connection, Exchange } from "../http/exchange.ts";
import type { Fields } from "../http/fields.ts";
import type { HostLengths } from "../http/mod.ts";
import type { ProxyAddresses } from "../net/mod.ts";
import type { ProxyError } from "../proxy-error.ts";
import type { Endpoint } from "../snapshot/snapshot.ts";

/** A connection, with a field for what the pipeline computes once for all its requests. */
export interface ServerConnection extends Connection {
  /** Data of the pipeline, `null` at first. The wire does not read it. */
  memo: unknown;
}

/** Request fields that record the edits of policies, so that the proxy's own rules do not undo them. */
export interface RequestFields extends Fields {
  /** `set`, `append` or `delete` was called. */
  readonly edited: boolean;
  /** `set`, `append` or `delete` was called for that name. */
  isEdited(lowerName: string): boolean;
}

/** An exchange with the operations of the pipeline. One class serves HTTP/1.1 and HTTP/2. */
export interface ServerExchange extends Exchange {
  readonly connection: ServerConnection;
  readonly request: RequestFields;
  /**
   * Sends a complete response of the program (adds Date, Content-Length, Connection; nginx's page when it has no body).
   */
  answer(answer: Answer): void;
  /** Sends a WHATWG Response, streaming its body. For generic Hono middleware only. */
  respond(response: Response): void;
  /** The same after `forward` with a tap: in place of the upstream's response, or of waiting for it. */
  respondInstead(response: Response): void;
  /**
   * The body of the request, for generic Hono middleware, before `forward`, which sends it all the same: what is read of it
   * is kept. `null`: it has none. Always the same stream.
   *
   * @param maxBytes longest body that is kept; beyond, the stream errs with a {@link ProxyError} of status 413
   */
  requestStream(maxBytes: number): ReadableStream<Uint8Array> | null;
  /**
   * Sends a complete response in place of the one whose head is known. Only {@link ExchangeHandler.responseHead} may
   * call it, and is called again for the new response. The rest of the upstream's response is not read.
   */
  replace(answer: Answer | Response): void;
  /** Sends the request to an upstream, and relays the response; with a tap, not before the tap says so. */
  forward(plan: ForwardPlan, tap?: ResponseTap): void;
  /** Calls `action` when the exchange is over, however it ended; at once if it is. The result removes the action. */
  whenOver(action: () => void): () => void;
  /**
   * The exchange may still be referenced when it is over. Without this call, an exchange with a complete response is
   * reused for another request. The call is not needed by code that waits before the exchange is decided or its head is
   * edited, nor for {@link ServerExchange.whenOver}, `respond` and `replace`.
   */
  keep(): void;
  /** Data of the pipeline: the route of the request. The wire does not read it. */
  route: unknown;
  /** Free slot for the pipeline: what it can use again with the exchange; `null` at first. Opaque to the wire. */
  spare: unknown;
}

/** Looks at a response whose head is known, before the client gets any of it. */
export interface ResponseTap {
  /** Status and fields stand in the exchange. Called once, unless the exchange ends before; must not throw. */
  responseKnown(response: KnownResponse): void;
}

/** A response that waits for its tap: to be passed on, or answered in its place ({@link ServerExchange.respondInstead}). */
export interface KnownResponse {
  /** Stream: of an upstream, which sends it when it is read. Otherwise the body of an answer made here; `null`: none. */
  readonly body: ReadableStream<Uint8Array> | string | Uint8Array | null;
  /** The response can be passed on: it comes from an upstream, and no byte of its body has been read. */
  readonly untouched: boolean;
  /** It goes to the client, with status and fields as they stand in the exchange then. */
  pass(): void;
}

/** The pipeline, as the wire calls it. Its functions must not throw, unless they say so. */
export interface ExchangeHandler {
  /**
   * A well-formed request head has been read (RFC 9112). Exactly one of answer, respond, forward follows, now or later.
   */
  request(exchange: ServerExchange): void;
  /**
   * The head of the final response is known (`exchange.status`, `exchange.response`) and can be edited. A returned
   * promise delays the head. An exception or rejection leads to 500.
   */
  responseHead(exchange: ServerExchange): void | Promise<void>;
  /**
   * An attempt or the exchange failed before a response head was sent. Returns the answer; the default is `{ status:
   * error.status }`. Called for malformed requests too, which have no location.
   */
  failure(exchange: ServerExchange, error: ProxyError): Answer;
  /** An attempt failed and the exchange is not over: another endpoint is tried, or a response that has begun is cut. */
  attemptFailed?(exchange: ServerExchange, error: ProxyError): void;
  /**
   * The exchange is over, the response sent or given up (status 499 when the client left). Writes the log line, and
   * counts.
   */
  end(exchange: ServerExchange): void;
}

/** Conditions of proxy-next-upstream. */
export interface RetryRules {
  /** Conditions under which the next endpoint is tried. */
  readonly error: boolean;
  readonly timeout: boolean;
  readonly invalidHeader: boolean;
  /** Among 500, 502, 503, 504, 403, 404, 429. */
  readonly statuses: readonly number[];
  readonly nonIdempotent: boolean;
  /** Number of attempts; 0: no limit. */
  readonly tries: number;
  /** Time for all attempts, milliseconds; 0: no limit. */
  readonly timeoutMs: number;
}

/**
 * Settings for requests from a location to its upstream, made once when tables are built and shared by all requests.
 */
export interface ForwardSettings {
  readonly connectTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly readTimeoutMs: number;
  /**
   * Longest request body; 0: no limit. Content-Length is checked at once, other bodies while they are read; a longer
   * one gets 413.
   */
  readonly maxBodyBytes: number;
  readonly retry: RetryRules;
  /** HTTP version towards endpoints. */
  readonly httpVersion: "1.0" | "1.1";
  /**
   * The whole request body is read before an endpoint is connected to (in memory up to bodyBufferBytes, then in a
   * temporary file).
   */
  readonly requestBuffering: boolean;
  readonly bodyBufferBytes: number;
  /** Fields of upstream responses that clients do not get, lower case. */
  readonly hideFields: ReadonlySet<string>;
  /**
   * Lower-case names of fields whose lines from the client are not sent: {@link ForwardPlan.fieldBlock} has them, or
   * they are removed. Lines that a policy set are sent. Locations share the set, so it is compiled once.
   */
  readonly dropFields: ReadonlySet<string>;
  /** Longest response head, status line included; a longer one gives 502 (proxy-buffer-size). Default: 65536. */
  readonly maxResponseHeadBytes?: number;
  /** Buffering of responses for slow clients. Default and `null`: none, whatever X-Accel-Buffering says. */
  readonly responseBuffering?: ResponseBuffering | null;
  /** Value of Connection for requests that are no Upgrade (connection-proxy-header). Default: none for HTTP/1.1. */
  readonly connectionField?: string;
  /**
   * TLS towards endpoints (backend-protocol HTTPS); `null` and absent: plain. All requests share the object, which is
   * part of the key of connection pools.
   */
  readonly tls?: UpstreamTls | null;
  /**
   * Protocol of the endpoints, a name that `proxy/wire.ts` gives to a source of sessions. Default: `http`, which is HTTP/1.
   */
  readonly protocol?: string;
}

/** Bounds of what is read of a response before its client has taken it; beyond them the upstream is paused. */
export interface ResponseBuffering {
  /** Default when a response has no X-Accel-Buffering (proxy-buffering). */
  readonly enabled: boolean;
  /** Bytes in memory (proxy-buffers-number × proxy-buffer-size). */
  readonly memoryBytes: number;
  /** Further bytes in a temporary file (proxy-max-temp-file-size); 0: no file. */
  readonly fileBytes: number;
}

/** TLS towards endpoints. Connections with different `key`s are not shared. */
export interface UpstreamTls {
  /** Identifies the settings. */
  readonly key: string;
  /** Server name sent and verified (proxy-ssl-name with proxy-ssl-server-name); `null`: none sent. */
  readonly serverName: string | null;
  /** Certificate authorities (PEM) to verify against; `null`: any certificate is accepted. */
  readonly caPem: string | null;
  /** Without `caPem`: verify against the authorities that the system trusts. Default: false. */
  readonly systemAuthorities?: boolean;
  /** Client certificate and key (PEM); `null`: none. */
  readonly clientCertificatePem: string | null;
  readonly clientPrivateKeyPem: string | null;
}

/**
 * One request to an upstream. It has the fields of `exchange.request` without {@link ForwardSettings.dropFields}, then
 * {@link ForwardPlan.fieldBlock}. The wire itself writes framing and hop-by-hop fields (Connection, Upgrade,
 * Keep-Alive, TE, Transfer-Encoding, Content-Length, Expect).
 */
export interface ForwardPlan {
  readonly settings: ForwardSettings;
  /** Request-target to send. */
  readonly target: string;
  /**
   * Field lines that the proxy adds (Host first, then X-Real-IP, X-Forwarded-*, ...), each with CRLF; latin1, checked.
   */
  readonly fieldBlock: string;
  /**
   * Endpoint for the n-th attempt (from 0), given those already tried. `undefined` ends the exchange with the last
   * error (503 when there was no attempt).
   */
  pick(attempt: number, tried: readonly Endpoint[]): Endpoint | undefined;
  /** Gets the outcome of each attempt, for balancers. */
  readonly observe?: (endpoint: Endpoint, outcome: AttemptOutcome, elapsedMs: number) => void;
}

/**
 * Outcome of an attempt. `unreachable`: the connection was refused or timed out, or the response did, and
 * proxy-next-upstream counts that as a failure. `failed`: any other incomplete response, or a status that
 * proxy-next-upstream counts as a failure.
 */
export type AttemptOutcome = "answered" | "failed" | "unreachable";

/** Limits and deadlines of client connections, from the snapshot's globals; replaced without touching connections. */
export interface WireSettings {
  /** HTTP/2 on plain ports, for clients that begin with its preface (use-http2). Default: true. */
  readonly http2?: boolean;
  /** Concurrent streams of an HTTP/2 connection (http2-max-concurrent-streams). Default: 128. */
  readonly maxConcurrentStreams?: number;
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly keepAliveRequests: number;
  readonly sendTimeoutMs: number;
  /** Longest request line (414) and field line (400). */
  readonly maxLineBytes: number;
  /** Longest head (400). */
  readonly maxHeadBytes: number;
  /** Hosts for which other lengths of heads hold. Default: none. */
  readonly hosts?: HostLengths;
  readonly maxFields: number;
  /** Field names with `_` or other invalid characters are dropped, not refused (nginx). */
  readonly dropUnderscores: boolean;
  /** Field names with characters other than letters, digits and `-` are passed on, not dropped (ignore-invalid-headers false). Default: false. */
  readonly keepInvalidNames?: boolean;
  readonly upstreamIdle: {
    readonly connections: number;
    readonly timeoutMs: number;
    readonly requests: number;
    readonly lifetimeMs: number;
  };
}

/** A connection whose bytes are relayed unchanged: of a tcp port, or with a server name that is passed through. */
export interface StreamConnection {
  /** The paused socket; bytes that were read have been put back. It has a listener for errors. */
  readonly socket: Socket;
  /** Key of the upstream that gets the bytes. */
  readonly upstream: string;
  /** Addresses of a PROXY protocol header. */
  readonly proxied: ProxyAddresses | null;
  /** Port of the listener. */
  readonly localPort: number;
}

/** Takes connections that are not HTTP. The front counts them, and cuts them at the end of a shutdown. */
export type StreamHandler = (connection: StreamConnection) => void;
