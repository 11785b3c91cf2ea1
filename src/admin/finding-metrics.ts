/**
 * Metrics of what is wrong with the manifests.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { MetricFamily } from "../observe/mod.ts";

/** Findings that keep a whole file or object out of force, in its present version at least. */
const REFUSALS: ReadonlySet<string> = new Set([
  "BrokenFile",
  "UnreadableFile",
  "UnreadableFolder",
  "TooManyFiles",
  "InvalidObject",
  "UnknownKind",
]);

/** True if because of that something of the manifests is not in force as it is written. */
export function isRefusal({ reason }: Diagnostic): boolean {
  return REFUSALS.has(reason);
}

/** Remembers the kinds of findings there were, to show 0 for those that have been put right: there are some dozens. */
export class FindingMetrics {
  /** By severity and reason, in the order in which they were met. */
  readonly #seen = new Map<string, { readonly severity: string; readonly reason: string }>();

  /** Number of findings that stand, by severity and reason. */
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
