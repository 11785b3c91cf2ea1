/**
 * The seam inside the data plane: the wire (listener, codec, forward, upstream pools) on one side, the pipeline (host
 * table, router, policies, balancers, log) on the other. The wire makes exchanges and calls the {@link ExchangeHandler};
 * the handler answers each one exactly once, with {@link ServerExchange.answer}, `respond` or `forward`.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Answer, Connection, Exchange } from "../http/exchange.ts";
import type { Fields } from "../http/fields.ts";
import type { ProxyAddresses } from "../net/proxy-protocol.ts";
import type { ProxyError } from "../proxy-error.ts";
import type { Endpoint } from "../snapshot/snapshot.ts";

/** A connection with a place where the pipeline keeps what is the same for all its requests. */
export interface ServerConnection extends Connection {
  /** Free slot for the pipeline, `null` at first. Opaque to the wire. */
  memo: unknown;
}

/** Request fields that remember what policies did to them, so that the proxy's own rules do not undo it. */
export interface RequestFields extends Fields {
  /** `set`, `append` or `delete` was called. */
  readonly edited: boolean;
  /** `set`, `append` or `delete` was called for that name. */
  isEdited(lowerName: string): boolean;
}

/** An exchange together with what the pipeline may do with it. One class for HTTP/1.1 and HTTP/2. */
export interface ServerExchange extends Exchange {
  readonly connection: ServerConnection;
  readonly request: RequestFields;
  /** Sends a complete response made here (adds Date, Content-Length, Connection; nginx's page when there is no body). */
  answer(answer: Answer): void;
  /** Sends a WHATWG Response, streaming its body. For generic Hono middleware only. */
  respond(response: Response): void;
  /**
   * Sends a complete response made here in place of the one whose head is known: to be called by
   * {@link ExchangeHandler.responseHead} only, which is then asked again, for this one. What the upstream still sends is not
   * read.
   */
  replace(answer: Answer): void;
  /** Sends the request to an upstream and relays what comes back. */
  forward(plan: ForwardPlan): void;
  /**
   * Calls `action` when the exchange is over, however it ended; at once if it is. The result takes that back.
   */
  whenOver(action: () => void): () => void;
  /** Free slot for the pipeline: its location's runtime. Opaque to the wire. */
  route: unknown;
}

/** The pipeline, as the wire sees it. None of these may throw. */
export interface ExchangeHandler {
  /** A request head has been read and is well formed (RFC 9112). Exactly one of answer, respond, forward follows, now or later. */
  request(exchange: ServerExchange): void;
  /**
   * The head of the final response is known (`exchange.status`, `exchange.response`), whoever made it: edit it now.
   * A returned promise delays the writing of the head. Throws or rejects when it cannot be made right: 500.
   */
  responseHead(exchange: ServerExchange): void | Promise<void>;
  /**
   * An attempt or the whole exchange failed before a response head was sent; tells what to answer. The default is
   * `{ status: error.status }`. Called also for requests that were malformed (no location then).
   */
  failure(exchange: ServerExchange, error: ProxyError): Answer;
  /**
   * An attempt failed, but the exchange is not over by that: another endpoint is tried, or a part of the response has been
   * sent and is cut now. Absent when nobody wants to know.
   */
  attemptFailed?(exchange: ServerExchange, error: ProxyError): void;
  /** Everything is over, the response sent or given up (status 499 when the client left): write the log line, count. */
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
  /** All attempts together; 0: no limit. */
  readonly tries: number;
  /** For all attempts together; 0: no limit. */
  readonly timeoutMs: number;
}

/** How a location talks to its upstream: made once when tables are built, shared by all its requests. */
export interface ForwardSettings {
  readonly connectTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly readTimeoutMs: number;
  /** 0: unlimited. Checked against Content-Length at once, else while reading: 413. */
  readonly maxBodyBytes: number;
  readonly retry: RetryRules;
  /** Version spoken upstream. */
  readonly httpVersion: "1.0" | "1.1";
  /** Read the whole request body before connecting (kept in memory up to bodyBufferBytes, then in a temporary file). */
  readonly requestBuffering: boolean;
  readonly bodyBufferBytes: number;
  /** Fields of upstream responses that clients do not get, lower case. */
  readonly hideFields: ReadonlySet<string>;
  /**
   * Names, lower case, of which the client's lines are not sent: {@link ForwardPlan.fieldBlock} has them, or nobody. Lines
   * that a policy set are sent all the same. The set's identity is stable (shared by locations): compile it once.
   */
  readonly dropFields: ReadonlySet<string>;
  /** Longest response head, status line included: 502 beyond (proxy-buffer-size). Default: 65536. */
  readonly maxResponseHeadBytes?: number;
  /** How responses are kept for slow clients. Default (and `null`): never, whatever upstreams say. */
  readonly responseBuffering?: ResponseBuffering | null;
  /** Value of Connection for requests that are no Upgrade (connection-proxy-header). Default: none for HTTP/1.1. */
  readonly connectionField?: string;
  /** TLS towards endpoints (backend-protocol HTTPS); `null` and absent: plain. One object for all requests: pools are kept by it. */
  readonly tls?: UpstreamTls | null;
}

/** How much of a response is taken from the upstream beyond what its client has taken; then the upstream is paused. */
export interface ResponseBuffering {
  /** Unless the upstream says otherwise, by X-Accel-Buffering (proxy-buffering). */
  readonly enabled: boolean;
  /** Kept in memory (proxy-buffers-number × proxy-buffer-size). */
  readonly memoryBytes: number;
  /** Kept in a temporary file beyond that (proxy-max-temp-file-size); 0: nothing. */
  readonly fileBytes: number;
}

/** TLS towards endpoints. Connections with different `key`s are never exchanged. */
export interface UpstreamTls {
  /** Tells settings apart. */
  readonly key: string;
  /** Server name sent and verified (proxy-ssl-name with proxy-ssl-server-name); `null`: none sent. */
  readonly serverName: string | null;
  /** Certificate authorities (PEM) to verify against; `null`: any certificate is accepted. */
  readonly caPem: string | null;
  /** Where there is no `caPem`, verified against the authorities that the system trusts. Default: false. */
  readonly systemAuthorities?: boolean;
  /** Client certificate and key (PEM); `null`: none. */
  readonly clientCertificatePem: string | null;
  readonly clientPrivateKeyPem: string | null;
}

/**
 * One request to an upstream. The request fields to send are those of `exchange.request` as they stand, less
 * {@link ForwardSettings.dropFields}, then {@link ForwardPlan.fieldBlock}. Framing and hop-by-hop fields (Connection,
 * Upgrade, Keep-Alive, TE, Transfer-Encoding, Content-Length, Expect) are the wire's own business.
 */
export interface ForwardPlan {
  readonly settings: ForwardSettings;
  /** Request-target to send. */
  readonly target: string;
  /** Field lines of the proxy itself (Host first, then X-Real-IP, X-Forwarded-*, ...), each ended by CRLF; latin1, checked. */
  readonly fieldBlock: string;
  /**
   * Endpoint for the n-th attempt (from 0), given those already tried; `undefined`: none left, which ends the exchange
   * with the last error (503 when there was no attempt).
   */
  pick(attempt: number, tried: readonly Endpoint[]): Endpoint | undefined;
  /** After each attempt, for balancers: the outcome. Absent when nobody wants to know. */
  readonly observe?: (endpoint: Endpoint, outcome: AttemptOutcome, elapsedMs: number) => void;
}

/**
 * How an attempt went: `unreachable`: the connection was refused or not made in time, or no response came in time, and
 * proxy-next-upstream counts it as a failure; `failed`: anything else that is no complete response, or one of a status that
 * it counts as a failure.
 */
export type AttemptOutcome = "answered" | "failed" | "unreachable";

/** Limits and deadlines of client connections, taken from the snapshot's globals; replaced without touching connections. */
export interface WireSettings {
  /** HTTP/2 on plain ports, for clients that begin with its preface (use-http2). Default: true. */
  readonly http2?: boolean;
  /** Streams at a time on one HTTP/2 connection (http2-max-concurrent-streams). Default: 128. */
  readonly maxConcurrentStreams?: number;
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly keepAliveRequests: number;
  readonly sendTimeoutMs: number;
  /** Request line longer than this: 414; a field line: 400. */
  readonly maxLineBytes: number;
  /** The whole head: 400. */
  readonly maxHeadBytes: number;
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

/** A connection whose bytes are relayed as they come: of a tcp port, or with a server name that is passed through. */
export interface StreamConnection {
  /** Paused; what was read of it has been put back. It has a listener for errors. */
  readonly socket: Socket;
  /** Key of the upstream to relay it to. */
  readonly upstream: string;
  /** Addresses of a PROXY protocol header. */
  readonly proxied: ProxyAddresses | null;
  /** Port listened on. */
  readonly localPort: number;
}

/** Takes connections that are no HTTP. The front counts them and cuts them at the end of a shutdown. */
export type StreamHandler = (connection: StreamConnection) => void;
