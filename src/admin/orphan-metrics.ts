/**
 * Metrics of Ingresses whose Service is missing or has no endpoints.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { MetricFamily } from "../observe/mod.ts";

/** Types that ingress-nginx gives to reasons of diagnostics about an Ingress. */
const TYPES: Readonly<Record<string, string>> = {
  ServiceNotFound: "no-service",
  ServicePortNotFound: "no-service",
  NoReadyEndpoints: "no-endpoint",
  EndpointPortNotFound: "no-endpoint",
};
/** Bound of the Ingresses that are remembered after they have been corrected. */
const MAX_REMEMBERED = 10_000;

interface Orphan {
  readonly namespace: string;
  readonly ingress: string;
  readonly type: string;
}

/** Remembers Ingresses that were orphans, to show 0 for them from then on. */
export class OrphanMetrics {
  readonly #seen = new Map<string, Orphan>();

  /** Family with 1 for each Ingress that is an orphan, and 0 for those that were. */
  family(diagnostics: readonly Diagnostic[], labels: Readonly<Record<string, string>>): MetricFamily {
    const now = new Set<string>();
    for (const { reason, object } of diagnostics) {
      const type = TYPES[reason];
      if (type === undefined || object?.kind !== "Ingress") continue;
      const key = `${object.namespace}/${object.name}/${type}`;
      now.add(key);
      if (this.#seen.size < MAX_REMEMBERED) {
        this.#seen.set(key, { namespace: object.namespace, ingress: object.name, type });
      }
    }
    return {
      name: "nginx_ingress_controller_orphan_ingress",
      help: "1 for an Ingress whose Service is missing (no-service) or has no endpoints (no-endpoint).",
      type: "gauge",
      samples: [...this.#seen].map(([key, { namespace, ingress, type }]) => ({
        labels: { ...labels, namespace, ingress, type },
        value: now.has(key) ? 1 : 0,
      })),
    };
  }
}
