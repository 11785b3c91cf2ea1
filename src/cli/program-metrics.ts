/**
 * Metrics of /metrics with --enable-metrics: the controller, the proxy, and the requests.
 *
 * @module
 */
import { type AdminSource, controllerFamilies, controllerLabels, FindingMetrics, OrphanMetrics } from "../admin/mod.ts";
import type { Exchange } from "../http/mod.ts";
import { type MetricFamily, type RequestCounts, RequestMetrics, type RequestMetricsOptions } from "../observe/mod.ts";
import type { Snapshot, SnapshotUpdate } from "../snapshot/mod.ts";
import { countHosts } from "../worker/mod.ts";
import { VERSION } from "./version.ts";

/** Labels of the controller, and options of request metrics. */
export interface MetricsSettings extends Omit<RequestMetricsOptions, "labels"> {
  /** POD_NAMESPACE */
  readonly namespace: string;
  /** POD_NAME */
  readonly pod: string;
  /** --controller-class */
  readonly controllerClass: string;
}

/** Collects metrics while the program runs. */
export class ProgramMetrics {
  readonly #settings: MetricsSettings;
  readonly #requests: RequestMetrics;
  /** Options of request metrics. */
  readonly options: RequestMetricsOptions;
  readonly #orphans = new OrphanMetrics();
  readonly #findings = new FindingMetrics();

  constructor(settings: MetricsSettings) {
    this.#settings = settings;
    const { perHost, undefinedHosts, statusClasses, timeBuckets, lengthBuckets, sizeBuckets, exclude } = settings;
    const counting = { perHost, undefinedHosts, statusClasses, timeBuckets, lengthBuckets, sizeBuckets, exclude };
    this.options = { ...counting, labels: controllerLabels(settings) };
    this.#requests = new RequestMetrics(this.options);
  }

  /** Counts a request of a data plane in this process. */
  readonly onEnd = (exchange: Exchange): void => this.#requests.record(exchange, Date.now());

  /** Adds counts of workers. */
  add(counts: readonly RequestCounts[]): void {
    this.#requests.add(counts);
  }

  /** Takes over the hosts of an update. */
  hosts(update: SnapshotUpdate): void {
    countHosts(this.#requests, update);
  }

  /** All families with their current values. */
  families(source: AdminSource): MetricFamily[] {
    const snapshot = source.snapshot();
    if (snapshot !== null) this.#requests.retain(ingressesOf(snapshot));
    const controller = controllerFamilies({
      ...this.#settings,
      source,
      version: VERSION,
      orphans: this.#orphans,
      findings: this.#findings,
    });
    return [...controller, ...this.#requests.families()];
  }
}

function ingressesOf(snapshot: Snapshot): Set<string> {
  const names = new Set<string>();
  for (const { locations } of Object.values(snapshot.virtualHosts)) {
    for (const { ingress } of locations) if (ingress !== null) names.add(`${ingress.namespace}/${ingress.name}`);
  }
  return names;
}
