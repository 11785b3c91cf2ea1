/**
 * Paths without a pathType, which v1 requires and v1beta1 did not have.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
 *
 * @module
 */
import { isMapping } from "./field.ts";

/** Bound of the reported paths. */
const MAX_MISSING = 10;

/** Steps to the pathType that each of these paths should have. */
export function missingPathTypes(ingress: unknown): (string | number)[][] {
  const missing: (string | number)[][] = [];
  const spec = isMapping(ingress) ? ingress["spec"] : undefined;
  for (const [i, rule] of listOf(spec, "rules").entries()) {
    const http = isMapping(rule) ? rule["http"] : undefined;
    for (const [j, path] of listOf(http, "paths").entries()) {
      if (!isMapping(path) || (path["pathType"] !== undefined && path["pathType"] !== null)) continue;
      missing.push(["spec", "rules", i, "http", "paths", j, "pathType"]);
      if (missing.length === MAX_MISSING) return missing;
    }
  }
  return missing;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = isMapping(value) ? value[name] : undefined;
  return Array.isArray(list) ? list : [];
}
