/**
 * What the routes of one upstream say about affinity -> its sticky balancer.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import type { AffinityPolicy } from "../../policy/mod.ts";
import { equalData } from "../../snapshot/mod.ts";
import type { BalancerSpec } from "../../snapshot/snapshot.ts";
import { diagnose, nameOrigin } from "../diagnose.ts";
import { compareRoutes, type RouteContribution } from "./contribution.ts";

/** The compiled affinity and its diagnostics. */
export interface CompiledAffinity {
  /** `undefined`: no route asks for affinity. */
  readonly balancer: BalancerSpec | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const NONE: CompiledAffinity = { balancer: undefined, diagnostics: [] };

function policyOf(route: RouteContribution): AffinityPolicy | undefined {
  return route.policies.upstream["affinity"];
}

/** Does the route say anything about affinity. */
export function speaksOfAffinity(route: RouteContribution): boolean {
  return policyOf(route) !== undefined;
}

/**
 * As in ingress-nginx, the mode is that of the oldest that names one, the cookie that of the youngest that asks for one,
 * and only paths of rules count, not default backends.
 *
 * @param routes those that {@link speaksOfAffinity}, in any order
 */
export function compileAffinity(id: string, routes: readonly RouteContribution[]): CompiledAffinity {
  if (routes.length === 0) return NONE;
  const diagnostics: Diagnostic[] = [];
  const speakers: RouteContribution[] = [];
  for (const route of routes) {
    const mentions = route.mentions(id);
    if (mentions.some((mention) => mention.as === "match")) {
      speakers.push(route);
      continue;
    }
    const fallback = mentions.find((mention) => mention.as === "fallback");
    if (policyOf(route)!.cookie !== null && fallback !== undefined) {
      diagnostics.push(diagnose(route.origin, {
        reason: "AffinityNotUsed",
        severity: "warning",
        field: fallback.field,
        message: `use affinity for ${describe(id)}: it is a default backend, and affinity is for the paths of rules`,
        effect: "its clients are not kept with a pod",
      }));
    }
  }
  speakers.sort(compareRoutes);
  const youngest = speakers.findLast((route) => policyOf(route)!.cookie !== null);
  if (youngest === undefined) return { balancer: undefined, diagnostics };
  const { cookie, changeOnFailure } = policyOf(youngest)!;
  const oldest = speakers.find((route) => policyOf(route)!.mode !== null);
  const mode = oldest === undefined ? "balanced" : policyOf(oldest)!.mode!;
  for (const route of speakers) {
    const own = policyOf(route)!;
    const overruled = own.cookie !== null &&
      !(equalData(own.cookie, cookie) && own.changeOnFailure === changeOnFailure);
    if (overruled) {
      diagnostics.push(diagnose(route.origin, {
        reason: "AffinityOverruled",
        severity: "warning",
        message: `set the cookie of ${describe(id)}: the younger ${nameOrigin(youngest.origin)} says otherwise`,
        effect: "the session-cookie annotations of the younger one hold for both",
      }));
    }
    if (own.mode !== null && own.mode !== mode) {
      diagnostics.push(diagnose(route.origin, {
        reason: "AffinityOverruled",
        severity: "warning",
        message: `use affinity-mode "${own.mode}" for ${describe(id)}: an older ${oldest!.origin.kind} says "${mode}"`,
        effect: "the mode of the older one holds for both",
      }));
    }
  }
  return { balancer: { kind: "sticky", mode, changeOnFailure, cookie: cookie! }, diagnostics };
}

function describe(id: string): string {
  return `Service "${id.slice(0, id.lastIndexOf("/"))}"`;
}
