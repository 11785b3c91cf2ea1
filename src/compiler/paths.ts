/**
 * The paths of one host, before they become locations: collected from its Ingresses, oldest first.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { IngressBackend } from "../kube/mod.ts";
import { policies as families, rewrites } from "../policy/mod.ts";
import { equalData } from "../snapshot/equal.ts";
import { compareText } from "../snapshot/order.ts";
import { CATCH_ALL, type Location, type LocationBackend, type Policies } from "../snapshot/snapshot.ts";
import { diagnose } from "./diagnose.ts";
import { type IngressEntry, portText, type WithoutIngress } from "./ingress-entry.ts";
import { onlyBackend } from "./backends.ts";
import { upstreamId } from "./upstream-id.ts";

/** One path of a host with all that it shares with the locations made of it. */
export interface HostPath {
  readonly path: string;
  readonly pathType: Location["pathType"];
  /** `null`: the root of `_` without any Ingress. */
  readonly entry: IngressEntry | null;
  readonly backend: LocationBackend;
  readonly policies: Policies;
  readonly denied: string | null;
  readonly defaultBackend: string | undefined;
  /** Nobody asked for this path: it answers what no rule takes. A rule for `/` replaces it. */
  readonly placeholder: boolean;
}

/** What paths are collected with. */
export interface PathContext {
  /** Backend of what no rule takes. */
  readonly fallback: LocationBackend;
  readonly withoutIngress: WithoutIngress;
  /** Made so far for this host, by id of upstream. */
  readonly backends: Map<string, LocationBackend>;
  /** Name of an upstream by its id. */
  upstreamName(id: string): string;
}

/** An Ingress without rules puts its annotations on the root of `_`, but for these. */
const OFF_ROOT: ReadonlySet<string> = new Set(families.filter((each) => each.offRoot === true).map(({ name }) => name));
/** Those that are for the paths of rules. */
const RULES_ONLY: ReadonlySet<string> = new Set(
  families.filter((each) => each.rulesOnly === true).map(({ name }) => name),
);

function backendOf(entry: IngressEntry, backend: IngressBackend, context: PathContext): LocationBackend | undefined {
  if (backend.kind !== "service") return undefined;
  const servicePort = portText(backend);
  const id = upstreamId(entry.ref.namespace, backend.name, servicePort);
  // many paths lead to one Service: they share what says so
  let made = context.backends.get(id);
  if (made === undefined) {
    made = onlyBackend({ upstream: context.upstreamName(id), serviceName: backend.name, servicePort });
    context.backends.set(id, made);
  }
  return made;
}

function hostPath(
  entry: IngressEntry,
  context: PathContext,
  path: string,
  pathType: Location["pathType"],
  backend: LocationBackend,
  placeholder: boolean,
): HostPath {
  return {
    path,
    pathType,
    entry,
    backend,
    policies: entry.policies.location,
    denied: entry.denied,
    defaultBackend: entry.defaultBackend === undefined ? undefined : context.upstreamName(entry.defaultBackend),
    placeholder,
  };
}

function without(policies: Policies, names: ReadonlySet<string>): Policies {
  return Object.fromEntries(Object.entries(policies).filter(([name]) => !names.has(name)));
}

/** Made so far; hosts of one Ingress share them. */
const ofRoots = new WeakMap<Policies, Policies>();

function ofRoot(policies: Policies): Policies {
  if (!Object.keys(policies).some((name) => RULES_ONLY.has(name))) return policies;
  let rest = ofRoots.get(policies);
  if (rest === undefined) ofRoots.set(policies, rest = without(policies, RULES_ONLY));
  return rest;
}

/** The root that a host has before any rule. Affinity is for the paths of rules. */
function rootOf(
  host: string,
  entries: readonly IngressEntry[],
  context: PathContext,
  diagnostics: Diagnostic[],
): HostPath {
  if (host !== CATCH_ALL) {
    const first = entries[0]!;
    const { defaultBackend } = first.ingress.spec;
    const backend = defaultBackend === null ? undefined : backendOf(first, defaultBackend, context);
    for (const other of entries) {
      if (other === first || other.ingress.spec.defaultBackend === null) continue;
      diagnostics.push(diagnose(other.ingress, {
        reason: "DefaultBackendNotUsed",
        severity: "info",
        field: "spec.defaultBackend",
        message: `use spec.defaultBackend for host "${host}": Ingress "${first.name}" is the first one of the host`,
        effect: "paths that no rule has are answered as the first one says",
      }));
    }
    const root = hostPath(first, context, "/", "Prefix", backend ?? context.fallback, true);
    return { ...root, policies: ofRoot(root.policies) };
  }
  const bare = entries.filter(({ ingress: { spec } }) => spec.rules.length === 0 && spec.defaultBackend !== null);
  for (const entry of bare) {
    const backend = backendOf(entry, entry.ingress.spec.defaultBackend!, context);
    if (backend === undefined) continue;
    for (const other of bare.slice(bare.indexOf(entry) + 1)) {
      diagnostics.push(diagnose(other.ingress, {
        reason: "DuplicatePath",
        severity: "warning",
        field: "spec.defaultBackend",
        message: `serve all hosts: Ingress "${entry.name}" does so already`,
        effect: "this default backend gets no requests",
        unserved: true,
      }));
    }
    const policies = without(entry.policies.location, OFF_ROOT);
    return { ...hostPath(entry, context, "/", "Prefix", backend, false), policies };
  }
  const { policies, denied } = context.withoutIngress;
  return {
    path: "/",
    pathType: "Prefix",
    entry: null,
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
  entries: readonly IngressEntry[],
  context: PathContext,
  diagnostics: Diagnostic[],
): readonly HostPath[] {
  const root = rootOf(host, entries, context, diagnostics);
  const paths = new Map<string, HostPath>([["Prefix /", root]]);
  for (const entry of entries) {
    for (const i of entry.rules.get(host) ?? []) {
      const rule = entry.ingress.spec.rules[i]!;
      for (const [j, { path, pathType: written, backend: ingressBackend }] of rule.paths.entries()) {
        const field = (): string => `spec.rules[${i}].http.paths[${j}]`;
        const backend = backendOf(entry, ingressBackend, context);
        if (backend === undefined) {
          diagnostics.push(diagnose(entry.ingress, {
            reason: "ResourceBackendNotServed",
            severity: "error",
            field: `${field()}.backend.resource`,
            message: `serve path "${path}" of host "${host}": want a Service as backend`,
            effect: "the path is left out",
          }));
          continue;
        }
        const pathType = written === "Exact" ? "Exact" : "Prefix";
        const key = `${pathType} ${path}`;
        const former = paths.get(key);
        if (former !== undefined && !former.placeholder) {
          diagnostics.push(diagnose(entry.ingress, {
            reason: "DuplicatePath",
            severity: "warning",
            field: `${field()}.path`,
            message: `serve ${pathType} path "${path}" of host "${host}": ` +
              (former.entry === entry
                ? "it stands in this Ingress already"
                : `Ingress "${former.entry?.name}" has it already`),
            effect: "the older one gets the requests",
            ...equalData(former.backend, backend) ? {} : { unserved: true },
          }));
          continue;
        }
        // the place of a replaced root does not matter: no other path has its length
        paths.set(key, hostPath(entry, context, path, pathType, backend, false));
      }
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

/** Does the path make regexes of all paths of its host? */
export function makesRegex(path: HostPath): boolean {
  return wantsRegex(path) || rewrittenAsFolder(path);
}

/** Is the path itself a regex, as written? */
export function wantsRegex(path: HostPath): boolean {
  const rewrite = path.policies["rewrite-target"];
  return path.policies["use-regex"] !== undefined || rewrites(rewrite, path.path);
}
