/**
 * load-balance, upstream-hash-by, upstream-hash-by-subset, upstream-hash-by-subset-size: which endpoint gets a request.
 *
 * The compiler makes the upstream's balancer of the policy; no hooks. The first Ingress that names the upstream decides.
 *
 * @module
 */
import { readBoolean, readInteger, readText } from "./_read.ts";
import { boolean, integer, matching, oneOf } from "./_schema.ts";
import { isTemplate, reportUnknownVariables } from "./_template.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";
import type { BalancerSpec } from "../snapshot/snapshot.ts";

const common = { scope: "upstream", onInvalid: "drop-ingress", guardsAccess: false } as const;

const annotations: readonly AnnotationDeclaration[] = [
  {
    ...common,
    key: "load-balance",
    schema: oneOf("round_robin", "chash", "chashsubset", "sticky_balanced", "sticky_persistent", "ewma"),
    risk: "Low",
    doc: "`round_robin` or `ewma`. upstream-hash-by goes before it. Default: that of the ConfigMap, round_robin.",
  },
  {
    ...common,
    key: "upstream-hash-by",
    schema: matching(/^[A-Za-z0-9\-_${}]*$/, "text and variables of letters, digits and -_${}"),
    risk: "High",
    doc: "Requests with the same value of this text with variables go to the same endpoint, e.g. `$request_uri`.",
  },
  {
    ...common,
    key: "upstream-hash-by-subset",
    schema: boolean,
    risk: "Low",
    doc: "`true`: such requests go to a group of endpoints, and to any one of it. Default: false.",
  },
  {
    ...common,
    key: "upstream-hash-by-subset-size",
    schema: integer,
    risk: "Low",
    doc: "Endpoints in a group. Default: 3.",
  },
];

/** Present only for balancers other than round robin. */
export interface LoadBalancePolicy {
  readonly balancer: BalancerSpec;
}

export const loadBalance = {
  name: "load-balance",
  scope: "upstream",
  phase: "access",
  annotations,
  parse(input): LoadBalancePolicy | undefined {
    const key = readText(input, "upstream-hash-by");
    if (key !== undefined && !isTemplate(key)) {
      input.report({
        reason: "InvalidAnnotation",
        severity: "warning",
        annotation: "upstream-hash-by",
        message: `read upstream-hash-by "${key}": want a name or a digit after each $`,
        effect: "it counts as not given",
      });
    } else if (key !== undefined) {
      reportUnknownVariables(input, "upstream-hash-by", key);
      const subset = readBoolean(input, "upstream-hash-by-subset") === true;
      const size = readInteger(input, "upstream-hash-by-subset-size") ?? 3;
      return { balancer: { kind: "hash", key, subsetSize: subset ? (size > 0 ? size : 3) : null } };
    }
    const own = readText(input, "load-balance");
    const algorithm = own ?? input.config.get("load-balance");
    const known = own === undefined || own === "round_robin" || own === "ewma";
    // affinity goes before all balancers
    if (!known && readText(input, "affinity") !== "cookie") {
      input.report({
        reason: "AnnotationNotHonoured",
        severity: "warning",
        annotation: "load-balance",
        message: `read load-balance "${own}": it needs ${own.startsWith("sticky") ? "affinity" : "upstream-hash-by"}`,
        effect: "requests take turns",
      });
    }
    return algorithm === "ewma" ? { balancer: { kind: "ewma" } } : undefined;
  },
} satisfies PolicyModule<LoadBalancePolicy, "load-balance">;
