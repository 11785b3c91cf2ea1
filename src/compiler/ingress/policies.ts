/**
 * Annotations of one Ingress -> its policies; and what holds without an Ingress.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import { type Ingress, type ObjectKey, objectKey, type StoreView } from "../../kube/mod.ts";
import { type ConfigReader, policies, type PolicyInput, type PolicyModule } from "../../policy/mod.ts";
import type { Globals, Policies } from "../../snapshot/snapshot.ts";
import { diagnose } from "../diagnose.ts";
import type { CommonPolicies, RoutePolicies } from "../route/contribution.ts";

/** What the policies of Ingresses are made with. */
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
export class Input implements PolicyInput {
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

/** Policies of those families that `which` says yes to. */
export function parsePolicies(input: Input, which: (policy: PolicyModule<unknown>) => boolean): RoutePolicies {
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

/** Asks those policies that hold without an Ingress. */
export function parseWithoutIngress(context: EntryContext): CommonPolicies {
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
