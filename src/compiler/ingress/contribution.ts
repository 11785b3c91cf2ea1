/**
 * One Ingress in force: what it asks for.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import type { Ingress, IngressBackend } from "../../kube/mod.ts";
import { CATCH_ALL, type Policies } from "../../snapshot/snapshot.ts";
import { diagnose } from "../diagnose.ts";
import { nameOf } from "../order.ts";
import {
  type RouteBackend,
  type RouteCertificate,
  type RouteContribution,
  type RouteFallback,
  routeId,
  type RouteMatch,
  type RoutePolicies,
  type UpstreamMention,
} from "../route/contribution.ts";
import { customDefaultBackendId, upstreamId } from "../route/upstream-id.ts";
import type { AnnotationReading } from "./annotations.ts";
import { type EntryContext, Input, parsePolicies, type PolicyInterner } from "./policies.ts";

/** Name of the translator. */
export const INGRESS = "ingress";

/** Shared by all Ingresses without TLS; never written to. */
const NO_TLS: Pick<RouteContribution, "certificates" | "listed"> = { certificates: [], listed: new Map() };

interface Parts extends Pick<RouteContribution, "policies" | "denied" | "standIn" | "upstreams" | "reads"> {
  readonly ingress: Ingress;
  readonly annotationsPrefix: string;
  /** Host -> places of its rules in the spec. */
  readonly rules: ReadonlyMap<string, readonly number[]>;
  readonly certificates: readonly RouteCertificate[];
  readonly listed: ReadonlyMap<string, RouteCertificate>;
}

class IngressContribution implements RouteContribution {
  readonly id: string;
  readonly origin: Ingress;
  readonly rank: RouteContribution["rank"];
  readonly ref: RouteContribution["ref"];
  readonly policies: RoutePolicies;
  readonly denied: string | null;
  readonly standIn: string | undefined;
  readonly upstreams: ReadonlySet<string>;
  readonly certificates: readonly RouteCertificate[];
  readonly listed: ReadonlyMap<string, RouteCertificate>;
  readonly reads: RouteContribution["reads"];
  readonly #rules: Parts["rules"];
  readonly #annotationsPrefix: string;

  constructor(parts: Parts) {
    const { ingress } = parts;
    const { namespace, name, creationTimestampMs } = ingress.metadata;
    const fullName = nameOf(ingress);
    this.id = routeId(INGRESS, fullName);
    this.origin = ingress;
    this.rank = { createdMs: creationTimestampMs, name: fullName };
    this.ref = { namespace, name };
    this.policies = parts.policies;
    this.denied = parts.denied;
    this.standIn = parts.standIn;
    this.upstreams = parts.upstreams;
    this.certificates = parts.certificates;
    this.listed = parts.listed;
    this.reads = parts.reads;
    this.#rules = parts.rules;
    this.#annotationsPrefix = parts.annotationsPrefix;
  }

  get hosts(): Iterable<string> {
    return this.#rules.keys();
  }

  get hostless(): boolean {
    return this.origin.spec.rules.length === 0;
  }

  get fallback(): RouteFallback | null {
    const { metadata: { namespace }, spec: { defaultBackend } } = this.origin;
    return defaultBackend === null
      ? null
      : { backend: backendOf(namespace, defaultBackend) ?? null, field: "spec.defaultBackend" };
  }

  matches(host: string): readonly RouteMatch[] {
    const { metadata: { namespace }, spec } = this.origin;
    const matches: RouteMatch[] = [];
    for (const i of this.#rules.get(host) ?? []) {
      for (const [j, { path, pathType, backend: given }] of spec.rules[i]!.paths.entries()) {
        const backend = backendOf(namespace, given);
        if (backend === undefined) continue;
        const field = `spec.rules[${i}].http.paths[${j}]`;
        matches.push({ path, pathType: pathType === "Exact" ? "Exact" : "Prefix", backend, field });
      }
    }
    return matches;
  }

  mentions(upstream: string): readonly UpstreamMention[] {
    if (indexed?.ingress !== this.origin) indexed = { ingress: this.origin, mentions: indexMentions(this.origin) };
    const mentions = indexed.mentions.get(upstream) ?? [];
    return this.standIn === upstream ? [...mentions, { as: "stand-in", field: "metadata.annotations" }] : mentions;
  }

  placeOf(policy: keyof Policies): Pick<Diagnostic, "annotation"> {
    return { annotation: `${this.#annotationsPrefix}/${policy}` };
  }
}

/** Mentions of the last Ingress: a look-up for one upstream of a large Ingress is followed by others. */
let indexed:
  | { readonly ingress: Ingress; readonly mentions: ReadonlyMap<string, readonly UpstreamMention[]> }
  | undefined;

function indexMentions(ingress: Ingress): ReadonlyMap<string, readonly UpstreamMention[]> {
  const mentions = new Map<string, UpstreamMention[]>();
  for (const { id, as, field } of mentionsOf(ingress)) {
    const known = mentions.get(id);
    const mention = { as, field: field() };
    if (known === undefined) mentions.set(id, [mention]);
    else known.push(mention);
  }
  return mentions;
}

/** All mentions of Services in an Ingress: ids of upstreams, and where they stand. */
function* mentionsOf(
  ingress: Ingress,
): Iterable<{ readonly id: string; readonly as: UpstreamMention["as"]; readonly field: () => string }> {
  const { metadata: { namespace }, spec } = ingress;
  for (const [i, rule] of spec.rules.entries()) {
    for (const [j, path] of rule.paths.entries()) {
      const id = idOf(namespace, path.backend);
      if (id !== undefined) yield { id, as: "match", field: () => `spec.rules[${i}].http.paths[${j}].backend.service` };
    }
  }
  const id = spec.defaultBackend === null ? undefined : idOf(namespace, spec.defaultBackend);
  if (id !== undefined) yield { id, as: "fallback", field: () => "spec.defaultBackend.service" };
}

/** Port of a backend as written. */
function portText({ port }: Extract<IngressBackend, { kind: "service" }>): string {
  return port.kind === "number" ? String(port.number) : port.name;
}

function idOf(namespace: string, backend: IngressBackend): string | undefined {
  return backend.kind === "service" ? upstreamId(namespace, backend.name, portText(backend)) : undefined;
}

function backendOf(namespace: string, backend: IngressBackend): RouteBackend | undefined {
  if (backend.kind !== "service") return undefined;
  const servicePort = portText(backend);
  return { kind: "one", id: upstreamId(namespace, backend.name, servicePort), serviceName: backend.name, servicePort };
}

/** The contribution of an accepted Ingress, and its diagnostics. */
export function contribute(
  ingress: Ingress,
  reading: AnnotationReading,
  context: EntryContext,
  interner: PolicyInterner,
): { readonly contribution: RouteContribution; readonly diagnostics: readonly Diagnostic[] } {
  const { metadata: { namespace } } = ingress;
  const input = new Input(context, ingress, reading.values);
  const parsed = parsePolicies(input, () => true);
  const rules = readRules(ingress, input.diagnostics);
  const upstreams = new Set<string>();
  for (const { id } of mentionsOf(ingress)) upstreams.add(id);
  let standIn: string | undefined;
  const fallback = parsed.location["default-backend"];
  if (fallback !== undefined) {
    standIn = customDefaultBackendId(namespace, fallback.service);
    upstreams.add(standIn);
  }
  const { certificates, listed } = readTls(ingress, rules, input.diagnostics);
  const contribution = new IngressContribution({
    ingress,
    annotationsPrefix: context.annotationsPrefix,
    policies: {
      location: interner.intern(parsed.location),
      host: interner.intern(parsed.host),
      upstream: interner.intern(parsed.upstream),
    },
    denied: reading.denied ?? input.denied ?? context.closed,
    rules,
    upstreams,
    standIn,
    certificates,
    listed,
    reads: [...input.reads],
  });
  const { diagnostics } = input;
  return {
    contribution,
    diagnostics: diagnostics.length === 0 ? reading.diagnostics : [...reading.diagnostics, ...diagnostics],
  };
}

/** Places of rules by host. */
function readRules(ingress: Ingress, diagnostics: Diagnostic[]): ReadonlyMap<string, readonly number[]> {
  const { spec } = ingress;
  const rules = new Map<string, number[]>();
  for (const [i, rule] of spec.rules.entries()) {
    const host = rule.host === "" ? CATCH_ALL : rule.host;
    const places = rules.get(host);
    if (places === undefined) rules.set(host, [i]);
    else places.push(i);
    for (const [j, { path, backend }] of rule.paths.entries()) {
      if (backend.kind === "service") continue;
      diagnostics.push(diagnose(ingress, {
        reason: "ResourceBackendNotServed",
        severity: "error",
        field: `spec.rules[${i}].http.paths[${j}].backend.resource`,
        message: `serve path "${path}" of host "${host}": want a Service as backend`,
        effect: "the path is left out",
      }));
    }
  }
  if (spec.defaultBackend !== null && spec.rules.length === 0) rules.set(CATCH_ALL, []);
  return rules;
}

function readTls(
  ingress: Ingress,
  rules: ReadonlyMap<string, unknown>,
  diagnostics: Diagnostic[],
): Pick<Parts, "certificates" | "listed"> {
  const { metadata: { namespace }, spec } = ingress;
  if (spec.tls.length === 0) return NO_TLS;
  const listed = new Map<string, RouteCertificate>();
  const certificates = spec.tls.map(({ secretName, hosts }, i) => {
    const id = secretName === "" ? null : `${namespace}/${secretName}`;
    const certificate = { id, field: `spec.tls[${i}].secretName` };
    for (const [j, host] of hosts.entries()) {
      if (!listed.has(host)) listed.set(host, certificate);
      if (host === "" || rules.has(host)) continue;
      diagnostics.push(diagnose(ingress, {
        reason: "TlsHostWithoutRule",
        severity: "info",
        field: `spec.tls[${i}].hosts[${j}]`,
        message: `serve host "${host}": no rule of the Ingress has it`,
        effect: "the entry gives no host this certificate by name",
      }));
    }
    return certificate;
  });
  return { certificates, listed };
}
