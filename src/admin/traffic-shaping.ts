/**
 * Locations with several upstreams, as ingress-nginx shows them: by upstream, the alternatives that it has, and how requests
 * come to one.
 *
 * @module
 */
import type { BackendSet, Snapshot } from "../snapshot/snapshot.ts";

/** The order of the fields is ingress-nginx's. */
export interface TrafficShapingPolicy {
  readonly weight: number;
  readonly weightTotal: number;
  readonly header: string;
  readonly headerValue: string;
  readonly headerPattern: string;
  readonly cookie: string;
}

/** For upstreams that are no alternative of another. */
export const NO_SHAPING: TrafficShapingPolicy = {
  weight: 0,
  weightTotal: 0,
  header: "",
  headerValue: "",
  headerPattern: "",
  cookie: "",
};

/** What the locations of a snapshot say of an upstream. */
export interface Shaping {
  /** Upstreams that get requests of locations that go by this one. */
  readonly alternatives: readonly string[];
  /** A location goes by it. */
  readonly isMain: boolean;
  /** How it gets requests of locations that go by another one: as the first such location says. */
  readonly policy: TrafficShapingPolicy | undefined;
}

/** By name of upstream; those without several upstreams beside them are left out. */
export function findShapings(snapshot: Snapshot): ReadonlyMap<string, Shaping> {
  const alternatives = new Map<string, Set<string>>();
  const policies = new Map<string, TrafficShapingPolicy>();
  const mains = new Set<string>();
  for (const { locations } of Object.values(snapshot.virtualHosts)) {
    for (const { backend } of locations) {
      if (backend.kind !== "upstreams") continue;
      const main = backend.weighted[0]!.upstream;
      mains.add(main);
      for (const { upstream } of [...backend.conditional, ...backend.weighted]) {
        if (upstream === main) continue;
        let known = alternatives.get(main);
        if (known === undefined) alternatives.set(main, known = new Set());
        known.add(upstream);
        if (!policies.has(upstream)) policies.set(upstream, policyOf(backend, upstream));
      }
    }
  }
  const shapings = new Map<string, Shaping>();
  for (const name of new Set([...alternatives.keys(), ...policies.keys()])) {
    shapings.set(name, {
      alternatives: [...alternatives.get(name) ?? []].sort(),
      isMain: mains.has(name),
      policy: policies.get(name),
    });
  }
  return shapings;
}

function policyOf({ conditional, weighted }: BackendSet, upstream: string): TrafficShapingPolicy {
  const weight = weighted.filter((each) => each.upstream === upstream).reduce((sum, each) => sum + each.weight, 0);
  const weightTotal = weighted.reduce((sum, each) => sum + each.weight, 0);
  const policy = { ...NO_SHAPING, weight, weightTotal };
  for (const { when, upstream: to } of conditional) {
    if (to !== upstream) continue;
    if (when.kind === "cookie") policy.cookie ||= when.name;
    else if (policy.header === "") {
      policy.header = when.name;
      // "always" goes without saying
      if (when.match.kind === "pattern") policy.headerPattern = when.match.pattern.text;
      else if (when.match.value !== "always") policy.headerValue = when.match.value;
    }
  }
  return policy;
}
