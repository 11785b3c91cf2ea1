/**
 * What the Ingresses of one upstream say about affinity -> its sticky balancer.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { AffinityPolicy } from "../policy/mod.ts";
import { equalData } from "../snapshot/equal.ts";
import type { BalancerSpec } from "../snapshot/snapshot.ts";
import { diagnose } from "./diagnose.ts";
import { fieldsOf, type IngressEntry } from "./ingress-entry.ts";
import { compareIngresses } from "./order.ts";

/** What came of it, and what is to be said about it. */
export interface CompiledAffinity {
  /** `undefined`: no Ingress asks for affinity. */
  readonly balancer: BalancerSpec | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const NONE: CompiledAffinity = { balancer: undefined, diagnostics: [] };

function policyOf(entry: IngressEntry): AffinityPolicy | undefined {
  return entry.policies.upstream["affinity"];
}

/** Does the Ingress say anything about affinity. */
export function speaksOfAffinity(entry: IngressEntry): boolean {
  return policyOf(entry) !== undefined;
}

/**
 * As in ingress-nginx, the mode is that of the oldest that names one, the cookie that of the youngest that asks for one,
 * and only paths of rules count, not default backends.
 *
 * @param entries those that {@link speaksOfAffinity}, in any order
 */
export function compileAffinity(id: string, entries: readonly IngressEntry[]): CompiledAffinity {
  if (entries.length === 0) return NONE;
  const diagnostics: Diagnostic[] = [];
  const speakers: IngressEntry[] = [];
  for (const entry of entries) {
    const fields = fieldsOf(entry, id);
    if (fields.some((field) => field.startsWith("spec.rules"))) speakers.push(entry);
    else if (policyOf(entry)!.cookie !== null && fields.includes("spec.defaultBackend.service")) {
      diagnostics.push(diagnose(entry.ingress, {
        reason: "AffinityNotUsed",
        severity: "warning",
        field: "spec.defaultBackend.service",
        message: `use affinity for ${describe(id)}: it is a default backend, and affinity is for the paths of rules`,
        effect: "its clients are not kept with a pod",
      }));
    }
  }
  speakers.sort((a, b) => compareIngresses(a.ingress, b.ingress));
  const youngest = speakers.findLast((entry) => policyOf(entry)!.cookie !== null);
  if (youngest === undefined) return { balancer: undefined, diagnostics };
  const { cookie, changeOnFailure } = policyOf(youngest)!;
  const mode = speakers.map((entry) => policyOf(entry)!.mode).find((each) => each !== null) ?? "balanced";
  for (const entry of speakers) {
    const own = policyOf(entry)!;
    const overruled = own.cookie !== null &&
      !(equalData(own.cookie, cookie) && own.changeOnFailure === changeOnFailure);
    if (overruled) {
      diagnostics.push(diagnose(entry.ingress, {
        reason: "AffinityOverruled",
        severity: "warning",
        message: `set the cookie of ${describe(id)}: the younger Ingress "${youngest.name}" says otherwise`,
        effect: "the session-cookie annotations of the younger one hold for both",
      }));
    }
    if (own.mode !== null && own.mode !== mode) {
      diagnostics.push(diagnose(entry.ingress, {
        reason: "AffinityOverruled",
        severity: "warning",
        message: `use affinity-mode "${own.mode}" for ${describe(id)}: an older Ingress says "${mode}"`,
        effect: "the mode of the older one holds for both",
      }));
    }
  }
  return { balancer: { kind: "sticky", mode, changeOnFailure, cookie: cookie! }, diagnostics };
}

function describe(id: string): string {
  return `Service "${id.slice(0, id.lastIndexOf("/"))}"`;
}
