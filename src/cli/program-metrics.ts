/**
 * What /metrics shows with --enable-metrics: the controller, the proxy, and the requests.
 *
 * @module
 */
import { type AdminSource, controllerFamilies, controllerLabels, OrphanMetrics } from "../admin/mod.ts";
import type { Exchange } from "../http/mod.ts";
import { type MetricFamily, RequestMetrics, type RequestMetricsOptions } from "../observe/mod.ts";
import type { Snapshot, SnapshotUpdate } from "../snapshot/mod.ts";
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
  readonly #orphans = new OrphanMetrics();

  constructor(settings: MetricsSettings) {
    this.#settings = settings;
    this.#requests = new RequestMetrics({ ...settings, labels: controllerLabels(settings) });
  }

  /** For the data plane. */
  readonly onEnd = (exchange: Exchange): void => this.#requests.record(exchange, Date.now());

  /** Hosts that an update brings and takes. */
  hosts({ virtualHosts }: SnapshotUpdate): void {
    for (const name of virtualHosts.remove) this.#requests.removeHost(name);
    for (const { name, names } of virtualHosts.set) {
      this.#requests.setHost(name, names.flatMap((host) => host.kind === "exact" ? [host.name] : []));
    }
  }

  /** All families as they stand. */
  families(source: AdminSource): MetricFamily[] {
    const snapshot = source.snapshot();
    if (snapshot !== null) this.#requests.retain(ingressesOf(snapshot));
    const controller = controllerFamilies({ ...this.#settings, source, version: VERSION, orphans: this.#orphans });
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
