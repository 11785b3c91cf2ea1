/**
 * Upstreams of a snapshot in the format of ingress-nginx's /configuration/backends.
 *
 * @module
 */
import { DEFAULT_BACKEND, type Snapshot, type Upstream } from "../snapshot/snapshot.ts";
import { findShapings, NO_SHAPING, type Shaping, type TrafficShapingPolicy } from "./traffic-shaping.ts";

/** A backend; the order of its fields is that of ingress-nginx. */
export interface Backend {
  readonly name: string;
  readonly port: string | number;
  readonly sslPassthrough: boolean;
  readonly endpoints: readonly { readonly address: string; readonly port: string }[];
  readonly sessionAffinityConfig: {
    readonly name: string;
    readonly mode: string;
    readonly cookieSessionAffinity: Readonly<Record<string, unknown>> & { readonly name: string };
  };
  readonly upstreamHashByConfig: Readonly<Record<string, string | number | boolean>>;
  readonly "load-balance"?: string;
  /** No location goes by it: it stands beside others. */
  readonly noServer: boolean;
  readonly trafficShapingPolicy: TrafficShapingPolicy;
  readonly alternativeBackends?: readonly string[];
}

/** All backends in order of name, including the default backend. */
export function listBackends(snapshot: Snapshot): Backend[] {
  const affine = affinePaths(snapshot);
  const shapings = findShapings(snapshot);
  const backends = Object.values(snapshot.upstreams).map((upstream) =>
    toBackend(upstream, affine.get(upstream.name), shapings.get(upstream.name))
  );
  if (!Object.hasOwn(snapshot.upstreams, DEFAULT_BACKEND)) backends.push(EMPTY_DEFAULT);
  return backends.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Paths that set an affinity cookie, by host. */
type HostPaths = Record<string, string[]>;

function affinePaths(snapshot: Snapshot): Map<string, HostPaths> {
  const affine = new Map<string, HostPaths>();
  for (const { name, locations } of Object.values(snapshot.virtualHosts)) {
    for (const { backend, path, policies } of locations) {
      if (backend.kind !== "upstreams" || !Object.hasOwn(policies, "affinity-cookie")) continue;
      for (const upstream of new Set([...backend.weighted, ...backend.conditional].map((each) => each.upstream))) {
        const hosts = affine.get(upstream) ?? {};
        affine.set(upstream, hosts);
        const paths = hosts[name] ??= [];
        if (!paths.includes(path)) paths.push(path);
      }
    }
  }
  return affine;
}

function affinityOf({ balancer }: Upstream, locations: HostPaths | undefined): Backend["sessionAffinityConfig"] {
  if (balancer.kind !== "sticky") return { name: "", mode: "", cookieSessionAffinity: { name: "" } };
  const { name, expiresSeconds, maxAgeSeconds, secure, path, domain, sameSite, conditionalSameSiteNone } =
    balancer.cookie;
  const cookieSessionAffinity = {
    name,
    ...(expiresSeconds === null ? {} : { expires: String(expiresSeconds) }),
    ...(maxAgeSeconds === null ? {} : { maxage: String(maxAgeSeconds) }),
    ...(locations === undefined ? {} : { locations }),
    ...(secure ? { secure } : {}),
    ...(path === null ? {} : { path }),
    ...(domain === null ? {} : { domain }),
    ...(sameSite === null ? {} : { samesite: sameSite }),
    ...(conditionalSameSiteNone ? { conditional_samesite_none: true } : {}),
    ...(balancer.changeOnFailure ? { change_on_failure: true } : {}),
  };
  return { name: "cookie", mode: balancer.mode, cookieSessionAffinity };
}

function toBackend(upstream: Upstream, affine?: HostPaths, shaping?: Shaping): Backend {
  const { balancer } = upstream;
  return {
    name: upstream.name,
    port: /^\d+$/.test(upstream.port) ? Number(upstream.port) : upstream.port,
    sslPassthrough: false,
    endpoints: upstream.dns === null
      ? upstream.endpoints.map(({ address, port }) => ({ address, port: String(port) }))
      : [{ address: upstream.dns.hostname, port: String(upstream.dns.port) }],
    sessionAffinityConfig: affinityOf(upstream, affine),
    upstreamHashByConfig: balancer.kind === "hash"
      ? {
        "upstream-hash-by": balancer.key,
        ...(balancer.subsetSize === null
          ? {}
          : { "upstream-hash-by-subset": true, "upstream-hash-by-subset-size": balancer.subsetSize }),
      }
      : {},
    "load-balance": balancer.kind === "ewma" ? "ewma" : "round_robin",
    noServer: shaping !== undefined && !shaping.isMain,
    trafficShapingPolicy: shaping?.policy ?? NO_SHAPING,
    ...(shaping === undefined || shaping.alternatives.length === 0
      ? {}
      : { alternativeBackends: shaping.alternatives }),
  };
}

/** The built-in default backend, which has no endpoints: the data plane itself answers 404. */
const EMPTY_DEFAULT: Backend = toBackend({
  name: DEFAULT_BACKEND,
  namespace: "",
  service: "",
  port: "0",
  balancer: { kind: "round-robin" },
  endpoints: [],
  dns: null,
});
