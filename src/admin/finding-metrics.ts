/**
 * Metrics of diagnostics.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { MetricFamily } from "../observe/mod.ts";

/** Reasons of diagnostics by which a file or an object is not in force, at least not in its current version. */
const REFUSALS: ReadonlySet<string> = new Set([
  "BrokenFile",
  "UnreadableFile",
  "UnreadableFolder",
  "TooManyFiles",
  "InvalidObject",
  "UnknownKind",
]);

/** True when a part of the manifests is not in force as written because of the diagnostic. */
export function isRefusal({ reason }: Diagnostic): boolean {
  return REFUSALS.has(reason);
}

/** Remembers the kinds of diagnostics, to show 0 for those that have been corrected; there are some dozens of kinds. */
export class FindingMetrics {
  /** Kinds, severity and reason, in the order in which they appeared. */
  readonly #seen = new Map<string, { readonly severity: string; readonly reason: string }>();

  /** Number of current diagnostics by severity and reason. */
  family(diagnostics: readonly Diagnostic[], labels: Readonly<Record<string, string>>): MetricFamily {
    const counts = new Map<string, number>();
    for (const { severity, reason } of diagnostics) {
      const key = `${severity} ${reason}`;
      if (!this.#seen.has(key)) this.#seen.set(key, { severity, reason });
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return {
      name: "nginx_ingress_controller_findings",
      help: "Findings about the manifests that stand, as /configuration/diagnostics on the status port lists them.",
      type: "gauge",
      samples: [...this.#seen].map(([key, kind]) => ({
        labels: { ...labels, ...kind },
        value: counts.get(key) ?? 0,
      })),
    };
  }
}
