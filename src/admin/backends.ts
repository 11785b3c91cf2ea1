/**
 * Upstreams of a snapshot in the shape that ingress-nginx shows at /configuration/backends.
 *
 * @module
 */
import type { Snapshot, Upstream } from "../snapshot/snapshot.ts";

const DEFAULT_BACKEND = "upstream-default-backend";

/** One backend; the order of the fields is ingress-nginx's. */
export interface Backend {
  readonly name: string;
  readonly port: string | number;
  readonly sslPassthrough: boolean;
  readonly endpoints: readonly { readonly address: string; readonly port: string }[];
  readonly sessionAffinityConfig: {
    readonly name: string;
    readonly mode: string;
    readonly cookieSessionAffinity: { readonly name: string };
  };
  readonly upstreamHashByConfig: Readonly<Record<string, string | number | boolean>>;
  readonly "load-balance"?: string;
  readonly noServer: boolean;
  readonly trafficShapingPolicy: {
    readonly weight: number;
    readonly weightTotal: number;
    readonly header: string;
    readonly headerValue: string;
    readonly headerPattern: string;
    readonly cookie: string;
  };
}

/** All backends by name; the default backend is always among them. */
export function listBackends(snapshot: Snapshot): Backend[] {
  const backends = Object.values(snapshot.upstreams).map(toBackend);
  if (!Object.hasOwn(snapshot.upstreams, DEFAULT_BACKEND)) backends.push(EMPTY_DEFAULT);
  return backends.sort((a, b) => a.name < b.name ? -1 : 1);
}

function toBackend(upstream: Upstream): Backend {
  const { balancer } = upstream;
  return {
    name: upstream.name,
    port: /^\d+$/.test(upstream.port) ? Number(upstream.port) : upstream.port,
    sslPassthrough: false,
    endpoints: upstream.endpoints.map(({ address, port }) => ({ address, port: String(port) })),
    sessionAffinityConfig: { name: "", mode: "", cookieSessionAffinity: { name: "" } },
    upstreamHashByConfig: balancer.kind === "hash"
      ? {
        "upstream-hash-by": balancer.key,
        ...(balancer.subsetSize === null
          ? {}
          : { "upstream-hash-by-subset": true, "upstream-hash-by-subset-size": balancer.subsetSize }),
      }
      : {},
    "load-balance": balancer.kind === "ewma" ? "ewma" : "round_robin",
    noServer: false,
    trafficShapingPolicy: { weight: 0, weightTotal: 0, header: "", headerValue: "", headerPattern: "", cookie: "" },
  };
}

/** The built-in default backend has no endpoints here: its 404 is answered in place. */
const EMPTY_DEFAULT: Backend = toBackend({
  name: DEFAULT_BACKEND,
  namespace: "",
  service: "",
  port: "0",
  balancer: { kind: "round-robin" },
  endpoints: [],
  dns: null,
});
