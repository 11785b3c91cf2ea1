/**
 * load-balancing-scheme: how requests are spread over the pods. Only `round-robin`, which is the default anyway.
 *
 * Not an annotation of ingress-nginx itself but of manifests written for builds of it. The compiler reads the policy.
 *
 * @module
 */
import { readText } from "./_read.ts";
import { anything } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "load-balancing-scheme",
  schema: anything,
  scope: "upstream",
  risk: "Low",
  onInvalid: "ignore",
  guardsAccess: false,
  doc: "`round-robin`: the pods take turns. For other algorithms see load-balance and upstream-hash-by.",
}];

export interface LoadBalancingSchemePolicy {
  readonly scheme: "round-robin";
}

export const loadBalancingScheme = {
  name: "load-balancing-scheme",
  scope: "upstream",
  phase: "access",
  annotations,
  parse(input): LoadBalancingSchemePolicy | undefined {
    const scheme = readText(input, "load-balancing-scheme");
    if (scheme === undefined) return undefined;
    if (scheme === "round-robin" || scheme === "round_robin") return { scheme: "round-robin" };
    input.report({
      reason: "InvalidAnnotation",
      severity: "warning",
      annotation: "load-balancing-scheme",
      message: `read load-balancing-scheme "${scheme}": want round-robin`,
      effect: "the pods take turns, or as load-balance says",
    });
    return undefined;
  },
} satisfies PolicyModule<LoadBalancingSchemePolicy, "load-balancing-scheme">;
