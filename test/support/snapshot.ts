/**
 * Small builders of snapshot data: hosts, locations, upstreams, updates.
 *
 * @module
 */
import { updateOf } from "../../src/snapshot/mod.ts";
import {
  type AffinityCookie,
  type BackendSet,
  type Certificate,
  DEFAULT_TLS_PROFILE,
  type Endpoint,
  type Globals,
  type HostName,
  type Listener,
  type Location,
  type LocationMatch,
  type Policies,
  type SnapshotUpdate,
  type TlsProfile,
  type Upstream,
  type UpstreamRef,
  type VirtualHost,
} from "../../src/snapshot/snapshot.ts";
import { type FakeGlobals, fakeGlobals } from "./policy.ts";

/** Endpoint out of `address:port`. */
export function endpoint(text: string, pod = ""): Endpoint {
  const colon = text.lastIndexOf(":");
  return { address: text.slice(0, colon), port: Number(text.slice(colon + 1)), pod, weight: 1 };
}

/** Upstream of endpoints written `address:port`. */
export function upstream(name: string, endpoints: readonly string[] = [], rest: Partial<Upstream> = {}): Upstream {
  const [namespace = "default", service = name, port = "80"] = name.split("-");
  return {
    name,
    namespace,
    service,
    port,
    balancer: { kind: "round-robin" },
    endpoints: endpoints.map((each, i) => endpoint(each, `${service}-${i}`)),
    dns: null,
    ...rest,
  };
}

/** Location: `prefix /`, `exact /a`, `slash-redirect /a`, or a match of its own; proxied to `to`, without one 404. */
export function location(match: string | LocationMatch, to?: string, rest: Partial<Location> = {}): Location {
  const [kind, path] = typeof match === "string" ? match.split(" ") as ["prefix", string] : [null, "/"];
  return {
    match: typeof match === "string" ? { kind: kind!, path: path! } : match,
    path: path!,
    pathType: "Prefix",
    ingress: { namespace: "default", name: "ing" },
    backend: to === undefined ? { kind: "not-found" } : backends([[to, 1]]),
    policies: {},
    denied: null,
    ...rest,
  };
}

/** Upstreams by weight, all of Service `echo`; the rest is that of a location with one upstream. */
export function backends(
  weights: readonly (readonly [upstream: string, weight: number])[],
  rest: Partial<BackendSet> = {},
): BackendSet {
  const weighted = weights.map(([upstream, weight]) => ({ ...backend(upstream), weight }));
  return { kind: "upstreams", conditional: [], weighted, whenEmpty: "refuse", ...rest };
}

/** An upstream of Service `echo`. */
export function backend(upstream: string): UpstreamRef {
  return { upstream, serviceName: "echo", servicePort: "80" };
}

/** Virtual host with an exact name (`_`: the catch-all). */
export function virtualHost(
  name: string,
  locations: readonly Location[],
  rest: Partial<VirtualHost> = {},
): VirtualHost {
  const names: HostName[] = name === "_" ? [] : [{ kind: "exact", name }];
  return {
    name,
    names,
    tls: { kind: "none" },
    tlsProfile: DEFAULT_TLS_PROFILE,
    policies: {} as Policies,
    regexMode: false,
    locations,
    ...rest,
  };
}

/** The profile of the defaults, or another one. */
export function tlsProfile(rest: Partial<TlsProfile> = {}): TlsProfile {
  return {
    id: DEFAULT_TLS_PROFILE,
    protocols: ["TLSv1.2", "TLSv1.3"],
    ciphers: "",
    sessionTimeoutMs: 600_000,
    ...rest,
  };
}

/** A listener `http` or `https` on any free port of loopback. */
export function webListener(protocol: "http" | "https", proxyProtocol: boolean = false): Listener {
  return { name: protocol, address: "127.0.0.1", port: 0, protocol, proxyProtocol };
}

/** What an update says; lists stand for `set`. */
export interface FakeUpdate {
  readonly globals?: FakeGlobals | Globals;
  /** Default of a first update: `http` and `https` on free ports of loopback. */
  readonly listeners?: readonly Listener[];
  /** Default of a first update: the usual one. */
  readonly tlsProfiles?: readonly TlsProfile[];
  readonly certificates?: readonly Certificate[];
  readonly hosts?: readonly VirtualHost[];
  readonly upstreams?: readonly Upstream[];
  readonly removeHosts?: readonly string[];
  readonly removeUpstreams?: readonly string[];
  readonly removeListeners?: readonly string[];
}

/** A first update: default globals and a catch-all that answers 404, unless given. */
export function firstUpdate(given: FakeUpdate = {}): SnapshotUpdate {
  const hosts = given.hosts ?? [];
  const catchAll = hosts.some(({ name }) => name === "_")
    ? []
    : [virtualHost("_", [location("prefix /", undefined, { ingress: null })])];
  return laterUpdate({
    listeners: [webListener("http"), webListener("https")],
    tlsProfiles: [tlsProfile()],
    ...given,
    globals: given.globals ?? {},
    hosts: [...catchAll, ...hosts],
  });
}

/** A later update: what is not given does not change. */
export function laterUpdate(given: FakeUpdate): SnapshotUpdate {
  return updateOf({
    ...(given.globals === undefined ? {} : { globals: fakeGlobals(given.globals) }),
    listeners: { set: given.listeners ?? [], remove: given.removeListeners ?? [] },
    tlsProfiles: { set: given.tlsProfiles ?? [], remove: [] },
    virtualHosts: { set: given.hosts ?? [], remove: given.removeHosts ?? [] },
    upstreams: { set: given.upstreams ?? [], remove: given.removeUpstreams ?? [] },
    certificates: { set: given.certificates ?? [], remove: [] },
  });
}

/** A cookie of affinity without any attribute. */
export function fakeCookie(name: string, attributes: Partial<AffinityCookie> = {}): AffinityCookie {
  return {
    name,
    path: null,
    domain: null,
    sameSite: null,
    conditionalSameSiteNone: false,
    expiresSeconds: null,
    maxAgeSeconds: null,
    secure: false,
    ...attributes,
  };
}

/** Policies of families that only a test has, given to the data plane as `modules`. */
export function ofTest(policies: Readonly<Record<string, unknown>>): Policies {
  return policies as Policies;
}
