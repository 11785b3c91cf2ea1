/**
 * Finds Services of type ExternalName whose names have no address, for `check` and the start of `run`.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import { objectKey, type Store } from "../kube/mod.ts";
import { type Resolution, type Resolve, resolve } from "../proxy/mod.ts";
import type { Snapshot, Upstream } from "../snapshot/mod.ts";

/** Number of look-ups at a time. */
const MAX_LOOKUPS = 32;

/**
 * Returns a diagnostic for each Service whose name cannot be looked up, sorted by Service. Takes some seconds when name
 * servers do not answer.
 */
export async function findUnresolvedNames(
  { upstreams }: Pick<Snapshot, "upstreams">,
  store: Pick<Store, "get">,
  lookUp: Resolve = resolve,
): Promise<Diagnostic[]> {
  /** Services by name; all ports of a Service have the same external name. */
  const services = new Map<string, { readonly upstream: Upstream; readonly hostname: string }>();
  for (const upstream of Object.values(upstreams)) {
    if (upstream.dns === null) continue;
    services.set(`${upstream.namespace}/${upstream.service}`, { upstream, hostname: upstream.dns.hostname });
  }
  const answers = await resolveAll(new Set([...services.values()].map(({ hostname }) => hostname)), lookUp);
  const found: Diagnostic[] = [];
  for (const [name, { upstream, hostname }] of [...services].sort(([a], [b]) => a < b ? -1 : 1)) {
    const why = problemOf(answers.get(hostname));
    if (why === undefined) continue;
    const { namespace, service } = upstream;
    const source = store.get(objectKey("Service", namespace, service))?.source;
    found.push({
      reason: "ExternalNameUnresolved",
      severity: "warning",
      object: { kind: "Service", namespace, name: service },
      field: "spec.externalName",
      message: `look up externalName "${hostname}" of Service "${name}": ${why}`,
      effect: "requests answer 503 until it has an address",
      unserved: true,
      ...source === undefined ? {} : { source },
    });
  }
  return found;
}

async function resolveAll(names: ReadonlySet<string>, lookUp: Resolve): Promise<ReadonlyMap<string, Resolution>> {
  const answers = new Map<string, Resolution>();
  const rest = names.values();
  const work = async (): Promise<void> => {
    for (const name of rest) answers.set(name, await lookUp(name));
  };
  await Promise.all(Array.from({ length: Math.min(MAX_LOOKUPS, names.size) }, work));
  return answers;
}

function problemOf(answer: Resolution | undefined): string | undefined {
  switch (answer?.kind) {
    case undefined:
    case "found":
      return undefined;
    case "none":
      return "it has no address that may be used";
    case "failed":
      return answer.message;
    default:
      return answer satisfies never;
  }
}
