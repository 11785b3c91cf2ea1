/**
 * What /metrics shows with --enable-metrics: the controller, the proxy, and the requests.
 *
 * @module
 */
import { type AdminSource, controllerFamilies, controllerLabels, FindingMetrics, OrphanMetrics } from "../admin/mod.ts";
import type { Exchange } from "../http/mod.ts";
import { type MetricFamily, type RequestCounts, RequestMetrics, type RequestMetricsOptions } from "../observe/mod.ts";
import type { Snapshot, SnapshotUpdate } from "../snapshot/mod.ts";
import { countHosts } from "../worker/mod.ts";
import { VERSION } from "./version.ts";

/** Labels of the controller, and how requests are counted. */
export interface MetricsSettings extends Omit<RequestMetricsOptions, "labels"> {
  /** POD_NAMESPACE */
  readonly namespace: string;
  /** POD_NAME */
  readonly pod: string;
  /** --controller-class */
  readonly controllerClass: string;
}

/** Collects while the program runs. */
export class ProgramMetrics {
  readonly #settings: MetricsSettings;
  readonly #requests: RequestMetrics;
  /** How requests are counted. */
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

  /** For a data plane in this process. */
  readonly onEnd = (exchange: Exchange): void => this.#requests.record(exchange, Date.now());

  /** For workers, which tell what they have counted. */
  add(counts: readonly RequestCounts[]): void {
    this.#requests.add(counts);
  }

  /** Hosts that an update brings and takes. */
  hosts(update: SnapshotUpdate): void {
    countHosts(this.#requests, update);
  }

  /** All families as they stand. */
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
