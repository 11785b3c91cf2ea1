/**
 * Hosts that requests are counted for.
 *
 * @module
 */
import type { RequestMetrics } from "../observe/mod.ts";
import type { SnapshotUpdate } from "../snapshot/mod.ts";

/** Passes the hosts of an update to the metrics. */
export function countHosts(metrics: RequestMetrics, { virtualHosts }: SnapshotUpdate): void {
  for (const name of virtualHosts.remove) metrics.removeHost(name);
  for (const { name, names } of virtualHosts.set) {
    metrics.setHost(name, names.flatMap((host) => host.kind === "exact" ? [host.name] : []));
  }
}
