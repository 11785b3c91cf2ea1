/**
 * The compiled configuration: readonly plain data, with everything resolved, defaults filled in and secrets read. It
 * can be encoded as JSON, compared, dumped (redacted) and sent to another process.
 *
 * @module
 */
import type { ErrorLogLevel, PolicyMap } from "../policy/mod.ts";

/** Values of the records of a snapshot; `parts.ts` has the rules of each. */
export interface PartValues {
  /** Key: {@link Listener.name}. */
  readonly listeners: Listener;
  /** Key: {@link TlsProfile.id}. {@link DEFAULT_TLS_PROFILE} always exists. */
  readonly tlsProfiles: TlsProfile;
  /** Key: {@link VirtualHost.name}. `_` always exists. */
  readonly virtualHosts: VirtualHost;
  /** Key: {@link Upstream.name}. */
  readonly upstreams: Upstream;
  /** Key: {@link Certificate.id}. {@link DEFAULT_CERTIFICATE} exists when --default-ssl-certificate is good. */
  readonly certificates: Certificate;
}

/** Parts of a snapshot that are records. */
export type RecordPart = keyof PartValues;

/** The records of a snapshot, each sorted by key. */
export type SnapshotRecords = { readonly [P in RecordPart]: Readonly<Record<string, PartValues[P]>> };

/** Everything that the data plane needs. */
export type Snapshot = { readonly globals: Globals } & SnapshotRecords;

/** Changes of the records of a snapshot. */
export type RecordChanges = { readonly [P in RecordPart]: Changes<PartValues[P]> };

/** Difference of two snapshots; applying it to the former gives the latter. */
export type SnapshotUpdate = { readonly globals?: Globals } & RecordChanges;

/** Changes of one part of a snapshot. */
export interface Changes<T> {
  /** New and changed values. */
  readonly set: readonly T[];
  /** Keys. */
  readonly remove: readonly string[];
}

/** Name of the catch-all host. */
export const CATCH_ALL = "_";
/**
 * Upstream of --default-backend-service: its first port. While it has no endpoints, locations that lead to it answer 404
 * (and not 503), as if there were no such service.
 */
export const DEFAULT_BACKEND = "upstream-default-backend";
/** Id of the TLS profile of hosts that have none of their own, and of handshakes without a server name. */
export const DEFAULT_TLS_PROFILE = "default";
/** Id of the certificate for names without one of their own. When absent the data plane makes a self-signed one. */
export const DEFAULT_CERTIFICATE = "default";

/** A port of the data plane, and its protocol. */
export type Listener =
  | ListenerAddress & { readonly protocol: "http" | "https"; readonly proxyProtocol: boolean }
  /** Connections are relayed to an upstream, a key of {@link Snapshot.upstreams}. */
  | ListenerAddress & { readonly protocol: "tcp"; readonly proxyProtocol: boolean; readonly upstream: string }
  /** Datagrams are relayed to an upstream, a key of {@link Snapshot.upstreams}. */
  | ListenerAddress & { readonly protocol: "udp"; readonly upstream: string };

/** Address of a listener. */
export interface ListenerAddress {
  readonly name: string;
  /** IP address; empty: all. */
  readonly address: string;
  /** Port; 0: any free one. */
  readonly port: number;
}

/** Settings of the handshakes of some hosts. */
export interface TlsProfile {
  readonly id: string;
  /** Versions: `TLSv1.2`, `TLSv1.3`. */
  readonly protocols: readonly string[];
  /** OpenSSL cipher list for TLS up to 1.2. */
  readonly ciphers: string;
  /** Time for which a session can be resumed (ssl-session-timeout); 0: it cannot. */
  readonly sessionTimeoutMs: number;
}

/** A translated regular expression; `engine` tells which one is safe for it. Made by `nginx/pattern`. */
export interface Pattern {
  /** As the user wrote it, for messages. */
  readonly text: string;
  /** In the dialect of the engine. */
  readonly source: string;
  /** Of the engine: `u` when characters beyond the BMP occur, else empty; letter case is in the source. */
  readonly flags: string;
  readonly engine: "native" | "linear";
}

/** A name of a virtual host. Precedence: exact, leading wildcard (longest), trailing wildcard, regex (in order). */
export type HostName =
  | { readonly kind: "exact"; readonly name: string }
  /** `*.example.com` of a server-alias: any number of labels. `suffix` is `.example.com`. */
  | { readonly kind: "leading-wildcard"; readonly suffix: string }
  /** `www.example.*` of a server-alias. `prefix` is `www.example.`. */
  | { readonly kind: "trailing-wildcard"; readonly prefix: string }
  /** Wildcard host of a rule (exactly one label; group `subdomain`) or `~` alias. */
  | { readonly kind: "regex"; readonly pattern: Pattern };

/** A virtual host and all that it serves. */
export interface VirtualHost {
  /** Host of the rule, lower-cased (`a.example`, `*.a.example`), or `_`. */
  readonly name: string;
  readonly names: readonly HostName[];
  readonly tls: HostTls;
  /** Key of {@link Snapshot.tlsProfiles}: for handshakes that name this host. */
  readonly tlsProfile: string;
  /** Host-wide policies, by policy name (app-root, server-snippet, ...). */
  readonly policies: Policies;
  /** All paths are case-insensitive regexes, first match wins (routing.md section 3). */
  readonly regexMode: boolean;
  /**
   * In the order of the search: path length descending, then path descending. In plain mode exact matches win first and
   * the longest prefix next; in regex mode the first that matches.
   */
  readonly locations: readonly Location[];
}

/** Policies by name; each value is the plain data that the policy's `parse` returned. */
export type Policies = PolicyMap;

/** TLS of a host, and its certificate. */
export type HostTls =
  | { readonly kind: "none" }
  | {
    readonly kind: "terminate";
    /** Key of {@link Snapshot.certificates}; {@link DEFAULT_CERTIFICATE} if the Secret is missing or broken. */
    readonly certificate: string;
    /** Names (exact or `*.rest`) registered for SNI and counted by ssl-redirect: the host, and aliases that the certificate covers. */
    readonly serverNames: readonly string[];
  }
  /**
   * Connections whose ClientHello names this host are relayed unchanged to `upstream`, a key of {@link
   * Snapshot.upstreams}.
   */
  | { readonly kind: "passthrough"; readonly upstream: string };

/** Which paths a location takes. */
export type LocationMatch =
  | { readonly kind: "exact"; readonly path: string }
  | { readonly kind: "prefix"; readonly path: string }
  | { readonly kind: "regex"; readonly pattern: Pattern }
  /**
   * Beside a Prefix path written with a trailing slash: `path` (without that slash) matches like an exact one and is
   * answered by 301 to `path` and a slash. Left out when there is an exact location of that path.
   */
  | { readonly kind: "slash-redirect"; readonly path: string };

/** One routable path of a host. A Prefix path in plain mode yields two entries (exact and prefix with slash) that share the rest. */
export interface Location {
  readonly match: LocationMatch;
  /** As written in the Ingress. `/` for placeholders. */
  readonly path: string;
  readonly pathType: "Exact" | "Prefix";
  /** Path that the rewrite works with, where that is not `path`: `/foo/` of Prefix `/foo`. */
  readonly matchPath?: string;
  /** Ingress that the annotations come from; `null`: the root of `_` without any. */
  readonly ingress: IngressRef | null;
  readonly backend: LocationBackend;
  /** Annotation default-backend: key of the upstream that answers, with the X-Code: 503 fields, while `backend` has no endpoints. */
  readonly defaultBackend?: string;
  readonly policies: Policies;
  /** Why every request is answered 503 (an access annotation that cannot be honoured); `null` in the normal case. */
  readonly denied: string | null;
}

/** Names an Ingress. */
export interface IngressRef {
  readonly namespace: string;
  readonly name: string;
}

/** Who answers at a location. */
export type LocationBackend =
  | BackendSet
  /** The built-in default backend: 404. */
  | { readonly kind: "not-found" };

/**
 * The upstreams of a location. Each request gets one of them, and is retried there only: the one that an affinity cookie of
 * the client is of, else that of the first condition that holds, else one of {@link BackendSet.weighted}, drawn by weight.
 */
export interface BackendSet {
  readonly kind: "upstreams";
  /** In order. Empty: only weights count. */
  readonly conditional: readonly ConditionalBackend[];
  /**
   * At least one, as a rule just one. The location goes by the first: by its names in logs and metrics, where a request that
   * gets another upstream has the name of that beside it ($proxy_alternative_upstream_name, label `canary`).
   */
  readonly weighted: readonly WeightedBackend[];
  /**
   * Answer when the upstream of a request has no endpoints. `refuse`: 503. `first`: the first weighted upstream
   * answers, as with a canary; when that has none, all requests are answered 503.
   */
  readonly whenEmpty: "refuse" | "first";
}

/** An upstream of a location. */
export interface UpstreamRef {
  /** Key of {@link Snapshot.upstreams}. */
  readonly upstream: string;
  readonly serviceName: string;
  /** As written: number or name. */
  readonly servicePort: string;
}

/** An upstream that gets the requests for which a condition holds. */
export interface ConditionalBackend extends UpstreamRef {
  readonly when: BackendCondition;
}

/** An upstream that gets a share of the requests. */
export interface WeightedBackend extends UpstreamRef {
  /** Relative to the other weights, a whole number from 0 on. When all are 0, the first gets all. */
  readonly weight: number;
}

/** A condition on a request. */
export type BackendCondition =
  /** Letter case of the name does not matter, and `-` and `_` are the same in it; several lines are one, joined by `, `. */
  | { readonly kind: "header"; readonly name: string; readonly match: ValueMatch }
  /** The first cookie of that name, whatever its letter case, has exactly this value. */
  | { readonly kind: "cookie"; readonly name: string; readonly value: string };

/** A condition on a value. */
export type ValueMatch =
  | { readonly kind: "exact"; readonly value: string }
  /** The expression matches somewhere in the value. */
  | { readonly kind: "pattern"; readonly pattern: Pattern };

/** One port of one Service. */
export interface Upstream {
  /**
   * `namespace-service-port`; {@link DEFAULT_BACKEND}; `custom-default-backend-namespace-service` for the annotation
   * default-backend. Of two that would have the same name (`a-b` + `c`, `a` + `b-c`) the second is `namespace/service/port`.
   */
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  readonly port: string;
  readonly balancer: BalancerSpec;
  /** Sorted, without duplicates. */
  readonly endpoints: readonly Endpoint[];
  /** ExternalName: looked up by the data plane in place of `endpoints`. */
  readonly dns: { readonly hostname: string; readonly port: number } | null;
}

/** How requests are spread over the endpoints of an upstream. */
export type BalancerSpec =
  | { readonly kind: "round-robin" }
  | { readonly kind: "ewma" }
  | { readonly kind: "hash"; readonly key: string; readonly subsetSize: number | null }
  /** A cookie keeps a client with its endpoint (annotation affinity). */
  | {
    readonly kind: "sticky";
    /**
     * What the cookie holds: a key that stands for an endpoint by consistent hashing (`balanced`), or one that is the
     * endpoint's own (`persistent`).
     */
    readonly mode: "balanced" | "persistent";
    /** A client whose endpoint fails is given another one, and a new cookie. */
    readonly changeOnFailure: boolean;
    readonly cookie: AffinityCookie;
  };

/** Attributes of the cookie of annotation affinity. */
export interface AffinityCookie {
  readonly name: string;
  /** `null`: the path of the location, as written in the Ingress. */
  readonly path: string | null;
  /** `null`: none. */
  readonly domain: string | null;
  readonly sameSite: "None" | "Lax" | "Strict" | null;
  /** SameSite=None is left out for browsers that are known to misread it. */
  readonly conditionalSameSiteNone: boolean;
  /** Seconds from when it is set; `null`: none. */
  readonly expiresSeconds: number | null;
  readonly maxAgeSeconds: number | null;
  /** Secure over plain HTTP, too. */
  readonly secure: boolean;
}

/** An endpoint of a pod. */
export interface Endpoint {
  /** IP address, IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  /** Pod name when the slice names one; empty otherwise. */
  readonly pod: string;
  /** Share of the requests relative to the other endpoints of the upstream: a whole number from 1 to 256. */
  readonly weight: number;
}

/** A certificate with its private key. */
export interface Certificate {
  /** `namespace/secret`, or {@link DEFAULT_CERTIFICATE}. */
  readonly id: string;
  /** Leaf and chain, PEM. */
  readonly certificatePem: string;
  /** Printed as `<redacted>` by every dump. */
  readonly privateKeyPem: string;
  /** SHA-1 of the leaf, hex, lower case, as ingress-nginx shows it. */
  readonly sha1: string;
  /** DNS names (SAN, else CN). */
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number;
}

/** Settings of the controller's ConfigMap and flags that the data plane needs, resolved. Names follow configmap.json. */
export interface Globals {
  /** Ports of redirects (--http-port, --https-port). */
  readonly ports: { readonly http: number; readonly https: number };
  readonly realIp: {
    readonly useForwardedHeaders: boolean;
    readonly enableRealIp: boolean;
    readonly computeFullForwardedFor: boolean;
    /** Lower case. */
    readonly forwardedForHeader: string;
    /** Lower case. Upstreams get the client's value in X-Original-Forwarded-Host. */
    readonly forwardedHostHeader: string;
    /** proxy-real-ip-cidr */
    readonly trustedCidrs: readonly string[];
  };
  readonly headers: {
    readonly generateRequestId: boolean;
    readonly proxyAddOriginalUriHeader: boolean;
    readonly enableUnderscoresInHeaders: boolean;
    readonly ignoreInvalidHeaders: boolean;
    /** hide-headers, lower case. */
    readonly hideHeaders: readonly string[];
    readonly allowBackendServerHeader: boolean;
    readonly serverTokens: boolean;
    /** proxy-set-headers / add-headers ConfigMaps, in order of name. */
    readonly proxySetHeaders: readonly (readonly [string, string])[];
    readonly addHeaders: readonly (readonly [string, string])[];
  };
  readonly redirect: {
    /** http-redirect-code */
    readonly code: number;
    readonly usePortInRedirects: boolean;
    readonly noTlsRedirectLocations: readonly string[];
  };
  readonly hsts: {
    readonly enabled: boolean;
    readonly maxAgeSeconds: number;
    readonly includeSubdomains: boolean;
    readonly preload: boolean;
  };
  readonly tls: {
    readonly rejectHandshake: boolean;
    readonly useHttp2: boolean;
    readonly http2MaxConcurrentStreams: number;
  };
  readonly client: {
    /** client-header-timeout, client-body-timeout, keep-alive: milliseconds. keep-alive 0 closes after each response. */
    readonly headerTimeoutMs: number;
    readonly bodyTimeoutMs: number;
    readonly keepAliveMs: number;
    readonly keepAliveRequests: number;
    readonly headerBufferBytes: number;
    /** large-client-header-buffers */
    readonly largeHeaderBuffers: { readonly count: number; readonly bytes: number };
  };
  readonly upstreamKeepAlive: {
    /** Idle connections kept in all; 0: no keep-alive. */
    readonly connections: number;
    readonly timeoutMs: number;
    readonly requests: number;
    /** upstream-keepalive-time: longest life of a connection. */
    readonly lifetimeMs: number;
  };
  readonly accessLog: {
    readonly enabled: boolean;
    /** access-log-path: `stdout` by default. */
    readonly path: string;
    /** log-format-upstream */
    readonly format: string;
    /** How values stand in a line: log-format-escape-json, log-format-escape-none. */
    readonly escape: "default" | "json" | "none";
    /** enable-access-log-for-default-backend: the root of `_` that no Ingress has is logged too. */
    readonly ofDefaultBackend: boolean;
    readonly skipUrls: readonly string[];
  };
  /** worker-processes: processes that serve; `auto`: as many as there are cores. --workers goes before it. */
  readonly workerProcesses: number | "auto";
  /** worker-shutdown-timeout */
  readonly workerShutdownTimeoutMs: number;
  /** error-log-level: least important lines about requests that are written. */
  readonly errorLogLevel: ErrorLogLevel;
}
