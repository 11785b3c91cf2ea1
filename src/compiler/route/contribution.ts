/**
 * What one object of a routing API (an Ingress) asks for, in terms that no such API has to itself: hosts, the paths on them,
 * who answers there, policies, certificates. Hosts, upstreams and indexes are compiled from these records; a
 * {@link RouteTranslator} makes them of its objects.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import type { ObjectKey } from "../../kube/mod.ts";
import type { BackendCondition, BackendSet, IngressRef, Location, Policies } from "../../snapshot/snapshot.ts";
import type { Origin } from "../diagnose.ts";

/** One object in force. Its methods are asked for what would be too much to keep for all objects. */
export interface RouteContribution {
  /** See {@link routeId}. */
  readonly id: string;
  /** The object, for diagnostics. An object that changes is another one. */
  readonly origin: Origin;
  readonly rank: Rank;
  /** Names the object in logs and metrics; one record for all its locations. */
  readonly ref: IngressRef;
  readonly policies: RoutePolicies;
  /** Why all its locations answer 503; `null` in the normal case. */
  readonly denied: string | null;
  /** Names of the virtual hosts that it has a part in. */
  readonly hosts: Iterable<string>;
  /** The route names no host: its fallback answers on all hosts where no other route does. */
  readonly hostless: boolean;
  /** What it takes on a host, in its order. */
  matches(host: string): Iterable<RouteMatch>;
  /** Who answers paths that no match takes; `null`: it does not say. */
  readonly fallback: RouteFallback | null;
  /** Id of the upstream that answers in place of one without endpoints. */
  readonly standIn: string | undefined;
  /** Ids of all upstreams that it refers to. */
  readonly upstreams: ReadonlySet<string>;
  /** Where it refers to an upstream. */
  mentions(upstream: string): readonly UpstreamMention[];
  /** In its order. Empty: it says nothing about TLS. */
  readonly certificates: readonly RouteCertificate[];
  /** Host -> the first of {@link RouteContribution.certificates} that lists it. */
  readonly listed: ReadonlyMap<string, RouteCertificate>;
  /** Secrets and ConfigMaps that its policies were made from. */
  readonly reads: readonly ObjectKey[];
  /** What in the object a policy comes from, for diagnostics. */
  placeOf(policy: keyof Policies): Pick<Diagnostic, "annotation" | "field">;
}

/** Policies by where they are put. */
export interface RoutePolicies {
  readonly location: Policies;
  readonly host: Policies;
  readonly upstream: Policies;
}

/** What holds where no object says anything. */
export interface CommonPolicies {
  readonly policies: Policies;
  readonly hostPolicies: Policies;
  /** Why such locations answer 503. */
  readonly denied: string | null;
}

/** One path of a host. */
export interface RouteMatch {
  /** As written. */
  readonly path: string;
  readonly pathType: Location["pathType"];
  readonly backend: RouteBackend;
  /** Where it stands in the object. */
  readonly field: string;
}

/** Who answers: one upstream, or several as {@link BackendSet} says. */
export type RouteBackend =
  | { readonly kind: "one" } & UpstreamTarget
  | {
    readonly kind: "several";
    readonly conditional: readonly (UpstreamTarget & { readonly when: BackendCondition })[];
    readonly weighted: readonly (UpstreamTarget & { readonly weight: number })[];
    readonly whenEmpty: BackendSet["whenEmpty"];
  };

/** An upstream by its id, see `upstreamId`. */
export interface UpstreamTarget {
  readonly id: string;
  readonly serviceName: string;
  /** As written: number or name. */
  readonly servicePort: string;
}

/** See {@link RouteContribution.fallback}. */
export interface RouteFallback {
  /** `null`: it names a backend that cannot be resolved. */
  readonly backend: RouteBackend | null;
  readonly field: string;
}

/** A place where an upstream is referred to. */
export interface UpstreamMention {
  readonly as: "match" | "fallback" | "stand-in";
  readonly field: string;
}

/** A certificate that hosts are to be served with. */
export interface RouteCertificate {
  /** `namespace/secret`; `null`: the default certificate. */
  readonly id: string | null;
  readonly field: string;
}

/** Which object comes first when two want the same. */
export interface Rank {
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  /** Among those of the same age; as a rule `namespace/name`. */
  readonly name: string;
}

/** Oldest first; of the same age the greater name first, as ingress-nginx has it; then in order of id. */
export function compareRoutes(
  a: Pick<RouteContribution, "rank" | "id">,
  b: Pick<RouteContribution, "rank" | "id">,
): number {
  const age = a.rank.createdMs - b.rank.createdMs;
  if (age !== 0) return age;
  if (a.rank.name !== b.rank.name) return a.rank.name > b.rank.name ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Id of what a translator makes of one of its objects. Also names what is said about that object. */
export function routeId(translator: string, key: string): string {
  return `${translator} ${key}`;
}
