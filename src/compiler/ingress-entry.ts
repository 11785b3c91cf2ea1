/**
 * One Ingress in force: its policies, and what it refers to.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import { type Ingress, type IngressBackend, type ObjectKey, objectKey, type StoreView } from "../kube/mod.ts";
import { type ConfigReader, policies, type PolicyInput, type PolicyModule } from "../policy/mod.ts";
import { CATCH_ALL, type Globals, type IngressRef, type Policies } from "../snapshot/snapshot.ts";
import type { AnnotationReading } from "./annotations.ts";
import { diagnose } from "./diagnose.ts";
import { nameOf } from "./order.ts";
import { customDefaultBackendId, upstreamId } from "./upstream-id.ts";

/** Policies of one Ingress by where they are put. */
export interface EntryPolicies {
  readonly location: Policies;
  readonly host: Policies;
  readonly upstream: Policies;
}

/** An Ingress that is served. */
export interface IngressEntry {
  /** `namespace/name`. */
  readonly name: string;
  readonly ingress: Ingress;
  readonly policies: EntryPolicies;
  /** Why all its locations answer 503. */
  readonly denied: string | null;
  /** For locations; one object for all of them. */
  readonly ref: IngressRef;
  /** Names of the virtual hosts that it has a part in, and the places of their rules in the spec. */
  readonly rules: ReadonlyMap<string, readonly number[]>;
  /** Ids of the upstreams that it refers to, see {@link upstreamId}. */
  readonly upstreams: ReadonlySet<string>;
  /** Id of the upstream of annotation default-backend. */
  readonly defaultBackend: string | undefined;
  /** Secrets of `spec.tls`, as `namespace/name`. */
  readonly secrets: readonly string[];
  /** Host -> the first entry of `spec.tls` that lists it. */
  readonly tls: ReadonlyMap<string, number>;
  /** Secrets and ConfigMaps that policies read. */
  readonly reads: readonly ObjectKey[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What entries are made with. */
export interface EntryContext {
  readonly view: StoreView;
  readonly globals: Globals;
  readonly config: ConfigReader;
  readonly annotationsPrefix: string;
  readonly allowCrossNamespace: boolean;
  /** Why everything answers 503: a ConfigMap key that keeps requests out is not honoured. */
  readonly closed: string | null;
}

/** Collects what policies say while they are parsed. */
class Input implements PolicyInput {
  readonly diagnostics: Diagnostic[] = [];
  readonly reads = new Set<ObjectKey>();
  denied: string | null = null;

  constructor(
    readonly context: EntryContext,
    readonly ingress: Ingress | null,
    readonly values: ReadonlyMap<string, string>,
    readonly namespace: string = ingress?.metadata.namespace ?? "",
    readonly ingressName: string = ingress?.metadata.name ?? "",
  ) {}

  get globals(): Globals {
    return this.context.globals;
  }

  get config(): ConfigReader {
    return this.context.config;
  }

  get paths(): readonly string[] {
    return this.ingress?.spec.rules.flatMap((rule) => rule.paths.map(({ path }) => path)) ?? [];
  }

  get hosts(): readonly string[] {
    return this.ingress?.spec.rules.map(({ host }) => host) ?? [];
  }

  annotation(key: string): string | undefined {
    return this.values.get(key);
  }

  secret(namespace: string, name: string): ReadonlyMap<string, Uint8Array> | undefined {
    this.reads.add(objectKey("Secret", namespace, name));
    return this.#mayRead(namespace) ? this.context.view.secret(namespace, name)?.data : undefined;
  }

  configMap(namespace: string, name: string): ReadonlyMap<string, string> | undefined {
    this.reads.add(objectKey("ConfigMap", namespace, name));
    return this.#mayRead(namespace) ? this.context.view.configMap(namespace, name)?.data : undefined;
  }

  /** A tenant must not read the Secrets of another by naming them. */
  #mayRead(namespace: string): boolean {
    return namespace === this.namespace || this.context.allowCrossNamespace;
  }

  report(finding: Parameters<PolicyInput["report"]>[0]): void {
    if (this.ingress === null) return;
    const annotation = `${this.context.annotationsPrefix}/${finding.annotation}`;
    this.diagnostics.push(diagnose(this.ingress, { ...finding, annotation }));
  }

  deny(reason: string): void {
    this.denied ??= reason;
    if (this.ingress === null) return;
    this.diagnostics.push(diagnose(this.ingress, {
      reason: "AccessNotHonoured",
      severity: "error",
      message: reason,
      effect: "all locations of the Ingress answer 503",
    }));
  }
}

function parsePolicies(input: Input, which: (policy: PolicyModule<unknown>) => boolean): EntryPolicies {
  const parsed: Record<PolicyModule<unknown>["scope"], Record<string, unknown>> = {
    location: {},
    host: {},
    upstream: {},
  };
  for (const policy of policies) {
    if (!which(policy)) continue;
    let value: unknown;
    try {
      value = policy.parse(input);
    } catch (error) {
      // our own fault, but it must cost one Ingress and not all of them
      input.deny(`read policy ${policy.name}: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    if (value !== undefined) parsed[policy.scope][policy.name] = value;
  }
  return parsed;
}

/** Policies of locations and hosts that come from no Ingress, and why they are closed. */
export interface WithoutIngress {
  readonly policies: Policies;
  readonly hostPolicies: Policies;
  readonly denied: string | null;
}

/** Asks those policies that hold without an Ingress. */
export function parseWithoutIngress(context: EntryContext): WithoutIngress {
  const input = new Input(context, null, new Map());
  const { location, host } = parsePolicies(input, (policy) => policy.withoutIngress === true);
  return { policies: location, hostPolicies: host, denied: input.denied ?? context.closed };
}

/** Lets every policy read its ConfigMap keys, as for an Ingress without annotations, so that their findings are reported. */
export function readPolicyKeys(context: EntryContext): void {
  parsePolicies(new Input(context, null, new Map(), "default", "any"), () => true);
}

/** Many Ingresses have the very same policies; they share one record then. */
export class PolicyInterner {
  readonly #known: Policies[] = [];

  intern(record: Policies): Policies {
    const wanted: Readonly<Record<string, unknown>> = record;
    const equals = (known: Readonly<Record<string, unknown>>): boolean =>
      Object.keys(known).length === keys.length && keys.every((key) => known[key] === wanted[key]);
    const keys = Object.keys(record);
    for (const known of this.#known) {
      if (equals(known)) return known;
    }
    if (this.#known.length < 8) this.#known.push(record);
    return record;
  }
}

/** Port of a backend as written. */
export function portText({ port }: Extract<IngressBackend, { kind: "service" }>): string {
  return port.kind === "number" ? String(port.number) : port.name;
}

/** All mentions of Services in an Ingress: ids of upstreams, and where they stand. */
function* mentions(ingress: Ingress): Iterable<{ readonly id: string; readonly field: () => string }> {
  const { metadata: { namespace }, spec } = ingress;
  const idOf = (backend: IngressBackend | null): string | undefined =>
    backend?.kind === "service" ? upstreamId(namespace, backend.name, portText(backend)) : undefined;
  for (const [i, rule] of spec.rules.entries()) {
    for (const [j, path] of rule.paths.entries()) {
      const id = idOf(path.backend);
      if (id !== undefined) yield { id, field: () => `spec.rules[${i}].http.paths[${j}].backend.service` };
    }
  }
  const id = idOf(spec.defaultBackend);
  if (id !== undefined) yield { id, field: () => "spec.defaultBackend.service" };
}

/** Fields of the Ingress asked about last: whoever asks about one upstream of a large Ingress asks about the others too. */
let indexed: { readonly entry: IngressEntry; readonly fields: ReadonlyMap<string, readonly string[]> } | undefined;

function indexFields(entry: IngressEntry): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  for (const { id, field } of mentions(entry.ingress)) {
    const known = fields.get(id);
    if (known === undefined) fields.set(id, [field()]);
    else known.push(field());
  }
  return fields;
}

/** Where an Ingress refers to an upstream. */
export function fieldsOf(entry: IngressEntry, id: string): readonly string[] {
  if (indexed?.entry !== entry) indexed = { entry, fields: indexFields(entry) };
  const fields = indexed.fields.get(id) ?? [];
  return entry.defaultBackend === id ? [...fields, "metadata.annotations"] : fields;
}

/** Shared by all Ingresses without TLS; never written to. */
const NO_TLS = new Map<string, number>();

/** Makes the entry of an Ingress whose annotations have been accepted. */
export function makeEntry(
  ingress: Ingress,
  reading: AnnotationReading,
  context: EntryContext,
  interner: PolicyInterner,
): IngressEntry {
  const { namespace } = ingress.metadata;
  const { spec } = ingress;
  const input = new Input(context, ingress, reading.values);
  const parsed = parsePolicies(input, () => true);
  const rules = new Map<string, number[]>();
  for (const [i, rule] of spec.rules.entries()) {
    const host = rule.host === "" ? CATCH_ALL : rule.host;
    const places = rules.get(host);
    if (places === undefined) rules.set(host, [i]);
    else places.push(i);
  }
  if (spec.defaultBackend !== null && spec.rules.length === 0) rules.set(CATCH_ALL, []);
  const upstreams = new Set<string>();
  for (const { id } of mentions(ingress)) upstreams.add(id);
  let defaultBackend: string | undefined;
  const fallback = parsed.location["default-backend"];
  if (fallback !== undefined) {
    defaultBackend = customDefaultBackendId(namespace, fallback.service);
    upstreams.add(defaultBackend);
  }
  const secrets = new Set<string>();
  const tls = spec.tls.length === 0 ? NO_TLS : new Map<string, number>();
  for (const [i, { secretName, hosts }] of spec.tls.entries()) {
    if (secretName !== "") secrets.add(`${namespace}/${secretName}`);
    for (const [j, host] of hosts.entries()) {
      if (!tls.has(host)) tls.set(host, i);
      if (host === "" || rules.has(host)) continue;
      input.diagnostics.push(diagnose(ingress, {
        reason: "TlsHostWithoutRule",
        severity: "info",
        field: `spec.tls[${i}].hosts[${j}]`,
        message: `serve host "${host}": no rule of the Ingress has it`,
        effect: "the entry gives no host this certificate by name",
      }));
    }
  }
  return {
    name: nameOf(ingress),
    ingress,
    policies: {
      location: interner.intern(parsed.location),
      host: interner.intern(parsed.host),
      upstream: interner.intern(parsed.upstream),
    },
    denied: reading.denied ?? input.denied ?? context.closed,
    ref: { namespace, name: ingress.metadata.name },
    rules,
    upstreams,
    defaultBackend,
    secrets: [...secrets],
    tls,
    reads: [...input.reads],
    diagnostics: input.diagnostics.length === 0 ? reading.diagnostics : [...reading.diagnostics, ...input.diagnostics],
  };
}
