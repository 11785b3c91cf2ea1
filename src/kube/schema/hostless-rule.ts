/**
 * Rules that are for all hosts, though nobody may have meant that: one of a rule's two halves stands behind a dash too many,
 * or its host is there and says nothing, as of a template whose value is missing.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-rules
 *
 * @module
 */
import { isMapping } from "./field.ts";

/** More than these are not told. */
const MAX_HOSTLESS = 10;

/** Such a rule. */
export interface HostlessRule {
  /** Steps to it, or to its host. */
  readonly path: readonly (string | number)[];
  /** `split`: the rule before it has a host, and nothing to serve. `null`: its host is null. */
  readonly why: "split" | "null";
}

/** In the order of the document. */
export function hostlessRules(ingress: unknown): HostlessRule[] {
  const spec = isMapping(ingress) ? ingress["spec"] : undefined;
  const rules = isMapping(spec) && Array.isArray(spec["rules"]) ? spec["rules"] as readonly unknown[] : [];
  const found: HostlessRule[] = [];
  for (const [i, rule] of rules.entries()) {
    if (found.length === MAX_HOSTLESS) break;
    if (!isMapping(rule) || !isMapping(rule["http"]) || (rule["host"] ?? null) !== null) continue;
    const before = rules[i - 1];
    const isSplit = isMapping(before) && typeof before["host"] === "string" && before["host"] !== "" &&
      (before["http"] ?? null) === null;
    if (isSplit) found.push({ path: ["spec", "rules", i], why: "split" });
    else if (rule["host"] === null) found.push({ path: ["spec", "rules", i, "host"], why: "null" });
  }
  return found;
}
