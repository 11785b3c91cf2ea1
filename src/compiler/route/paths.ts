/**
 * The paths of one host, before they become locations: collected from its routes, oldest first.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import { policies as families, rewrites } from "../../policy/mod.ts";
import { compareText, equalData } from "../../snapshot/mod.ts";
import { CATCH_ALL, type Location, type LocationBackend, type Policies } from "../../snapshot/snapshot.ts";
import { diagnose, nameOrigin } from "../diagnose.ts";
import type { BackendMaker } from "./backends.ts";
import type { CommonPolicies, RouteBackend, RouteContribution } from "./contribution.ts";

/** One path of a host with all that it shares with the locations made of it. */
export interface HostPath {
  readonly path: string;
  readonly pathType: Location["pathType"];
  /** `null`: the root of `_` without any route. */
  readonly route: RouteContribution | null;
  readonly backend: LocationBackend;
  readonly policies: Policies;
  readonly denied: string | null;
  readonly defaultBackend: string | undefined;
  /** The path belongs to no rule: it serves what no rule matches. A rule for `/` replaces it. */
  readonly placeholder: boolean;
}

/** What paths are collected with. */
export interface PathContext {
  /** Backend of what no rule takes. */
  readonly fallback: LocationBackend;
  readonly common: CommonPolicies;
  readonly backends: BackendMaker;
}

/** A route without hosts puts its policies on the root of `_`, but for these. */
const OFF_ROOT: ReadonlySet<string> = new Set(families.filter((each) => each.offRoot === true).map(({ name }) => name));
/** Those that are for the paths of rules. */
const RULES_ONLY: ReadonlySet<string> = new Set(
  families.filter((each) => each.rulesOnly === true).map(({ name }) => name),
);

function hostPath(
  route: RouteContribution,
  context: PathContext,
  path: string,
  pathType: Location["pathType"],
  backend: LocationBackend,
  placeholder: boolean,
): HostPath {
  return {
    path,
    pathType,
    route,
    backend,
    policies: route.policies.location,
    denied: route.denied,
    defaultBackend: route.standIn === undefined ? undefined : context.backends.nameOf(route.standIn),
    placeholder,
  };
}

function without(policies: Policies, names: ReadonlySet<string>): Policies {
  return Object.fromEntries(Object.entries(policies).filter(([name]) => !names.has(name)));
}

/** Made so far; hosts of one route share them. */
const ofRoots = new WeakMap<Policies, Policies>();

function ofRoot(policies: Policies): Policies {
  if (!Object.keys(policies).some((name) => RULES_ONLY.has(name))) return policies;
  let rest = ofRoots.get(policies);
  if (rest === undefined) ofRoots.set(policies, rest = without(policies, RULES_ONLY));
  return rest;
}

/** The root that a host has before any match. Affinity is for the paths of matches. */
function rootOf(
  host: string,
  routes: readonly RouteContribution[],
  context: PathContext,
  diagnostics: Diagnostic[],
): HostPath {
  const make = (backend: RouteBackend): LocationBackend => context.backends.make(backend);
  if (host !== CATCH_ALL) {
    const first = routes[0]!;
    const given = first.fallback?.backend ?? null;
    for (const other of routes) {
      if (other === first || other.fallback === null) continue;
      const { field } = other.fallback;
      diagnostics.push(diagnose(other.origin, {
        reason: "DefaultBackendNotUsed",
        severity: "info",
        field,
        message: `use ${field} for host "${host}": ${nameOrigin(first.origin)} is the first one of the host`,
        effect: "paths that no rule has are answered as the first one says",
      }));
    }
    const root = hostPath(first, context, "/", "Prefix", given === null ? context.fallback : make(given), true);
    return { ...root, policies: ofRoot(root.policies) };
  }
  const bare = routes.filter(({ hostless, fallback }) => hostless && fallback !== null);
  for (const route of bare) {
    const backend = route.fallback!.backend;
    if (backend === null) continue;
    for (const other of bare.slice(bare.indexOf(route) + 1)) {
      diagnostics.push(diagnose(other.origin, {
        reason: "DuplicatePath",
        severity: "warning",
        field: other.fallback!.field,
        message: `serve all hosts: ${nameOrigin(route.origin)} does so already`,
        effect: "this default backend gets no requests",
        unserved: true,
      }));
    }
    const policies = without(route.policies.location, OFF_ROOT);
    return { ...hostPath(route, context, "/", "Prefix", make(backend), false), policies };
  }
  const { policies, denied } = context.common;
  return {
    path: "/",
    pathType: "Prefix",
    route: null,
    backend: context.fallback,
    policies,
    denied,
    defaultBackend: undefined,
    placeholder: true,
  };
}

/**
 * All paths of a host in the order of the search: path length descending, then path descending, then age. Of equal paths
 * of the same type the oldest counts.
 */
export function collectPaths(
  host: string,
  routes: readonly RouteContribution[],
  context: PathContext,
  diagnostics: Diagnostic[],
): readonly HostPath[] {
  const root = rootOf(host, routes, context, diagnostics);
  const paths = new Map<string, HostPath>([["Prefix /", root]]);
  for (const route of routes) {
    for (const { path, pathType, backend: given, field } of route.matches(host)) {
      const backend = context.backends.make(given);
      const key = `${pathType} ${path}`;
      const former = paths.get(key);
      if (former !== undefined && !former.placeholder) {
        diagnostics.push(diagnose(route.origin, {
          reason: "DuplicatePath",
          severity: "warning",
          field: `${field}.path`,
          message: `serve ${pathType} path "${path}" of host "${host}": ` +
            (former.route === route
              ? `it stands in this ${route.origin.kind} already`
              : `${nameOrigin(former.route!.origin)} has it already`),
          effect: "the older one gets the requests",
          ...equalData(former.backend, backend) ? {} : { unserved: true },
        }));
        continue;
      }
      // the place of a replaced root does not matter: no other path has its length
      paths.set(key, hostPath(route, context, path, pathType, backend, false));
    }
  }
  // the sort is stable: of Exact and Prefix with one path the older one comes first
  return [...paths.values()].sort((a, b) => b.path.length - a.path.length || compareText(b.path, a.path));
}

/**
 * A Prefix path whose rewrite-target is the path as written: ingress-nginx serves it as `/foo/`, which is another text than
 * the target, and so it rewrites what is below `/foo`.
 */
export function rewrittenAsFolder({ path, pathType, policies }: HostPath): boolean {
  const rewrite = policies["rewrite-target"];
  return pathType === "Prefix" && !path.endsWith("/") && rewrite?.target === path;
}

/** True when the path turns all paths of its host into regexes. */
export function makesRegex(path: HostPath): boolean {
  return wantsRegex(path) || rewrittenAsFolder(path);
}

/** True when the path itself is written as a regex. */
export function wantsRegex(path: HostPath): boolean {
  const rewrite = path.policies["rewrite-target"];
  return path.policies["use-regex"] !== undefined || rewrites(rewrite, path.path);
}
