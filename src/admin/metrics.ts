/**
 * Metrics of the program under the names of ingress-nginx. Metrics of requests are counted elsewhere, and the caller
 * appends them.
 *
 * @module
 */
import process from "node:process";
import {
  cpuSeconds,
  type MetricFamily,
  type MetricSample,
  openFileLimit,
  openFiles,
  startedAtSeconds,
  virtualBytes,
} from "../observe/mod.ts";
import { certificateFamilies } from "./certificate-metrics.ts";
import { type FindingMetrics, isRefusal } from "./finding-metrics.ts";
import type { OrphanMetrics } from "./orphan-metrics.ts";
import type { AdminSource } from "./source.ts";

/** Labels of all controller metrics. */
export interface MetricsOptions {
  readonly source: AdminSource;
  readonly version: string;
  readonly orphans: OrphanMetrics;
  readonly findings: FindingMetrics;
  /** POD_NAMESPACE */
  readonly namespace: string;
  /** POD_NAME */
  readonly pod: string;
  /** --controller-class */
  readonly controllerClass: string;
}

const PREFIX = "nginx_ingress_controller";
type Type = MetricFamily["type"];

/** Labels that every series of a controller has. */
export function controllerLabels(
  options: Pick<MetricsOptions, "namespace" | "pod" | "controllerClass">,
): Readonly<Record<string, string>> {
  return {
    controller_namespace: options.namespace,
    controller_class: options.controllerClass,
    controller_pod: options.pod,
  };
}

/** Memory, processor time and descriptors, with and without --enable-metrics. */
export function processFamilies(): MetricFamily[] {
  const families = [
    family("process_cpu_seconds_total", "counter", "Processor time used, user and system, in seconds.", cpuSeconds()),
    family("process_resident_memory_bytes", "gauge", "Resident memory.", process.memoryUsage.rss()),
    family("process_start_time_seconds", "gauge", "Start of the process, seconds since the epoch.", startedAtSeconds()),
  ];
  const optional: [string, string, number | undefined][] = [
    ["process_virtual_memory_bytes", "Virtual memory.", virtualBytes()],
    ["process_open_fds", "Open file descriptors.", openFiles()],
    ["process_max_fds", "Most file descriptors that may be open.", openFileLimit()],
  ];
  for (const [name, help, value] of optional) {
    if (value !== undefined) families.push(family(name, "gauge", help, value));
  }
  return families;
}

/** Configuration updates, connections, requests and certificates; with --enable-metrics. */
export function controllerFamilies(options: MetricsOptions): MetricFamily[] {
  const { source } = options;
  const labels = controllerLabels(options);
  const one = (
    name: string,
    type: Type,
    help: string,
    value: number,
    more: Record<string, string> = {},
  ): MetricFamily => family(`${PREFIX}_${name}`, type, help, value, { ...labels, ...more });
  const states = (name: string, type: Type, help: string, values: Record<string, number>): MetricFamily => ({
    name: `${PREFIX}_${name}`,
    type,
    help,
    samples: Object.entries(values).map(([state, value]): MetricSample => ({ labels: { ...labels, state }, value })),
  });
  const updates = source.updates();
  const serving = source.serving();
  const snapshot = source.snapshot();
  const diagnostics = source.diagnostics();
  const waiting = Math.max(0, serving.active - serving.inFlight);
  return [
    one("build_info", "gauge", "Always 1; the labels name the build.", 1, {
      release: options.version,
      build: options.version,
      repository: "sallyport",
    }),
    one(
      "config_last_reload_successful",
      "gauge",
      "1 if the last update was brought into force, and no file and no object of the manifests is refused.",
      bit(updates.lastSucceeded && !diagnostics.some(isRefusal)),
    ),
    one(
      "config_last_reload_successful_timestamp_seconds",
      "gauge",
      "When the last update was brought into force, seconds since the epoch.",
      Math.floor(updates.lastAppliedAtMs / 1000),
    ),
    one(
      "config_hash",
      "gauge",
      "Number of the configuration in force, another for each; 0 while the last update has failed.",
      updates.lastSucceeded ? updates.applied : 0,
    ),
    one("success", "counter", "Updates brought into force.", updates.applied),
    ...updates.failed > 0 ? [one("errors", "counter", "Updates that failed.", updates.failed)] : [],
    states("nginx_process_connections_total", "counter", "Connections accepted, and handled.", {
      accepted: serving.accepted,
      handled: serving.accepted,
    }),
    one("nginx_process_requests_total", "counter", "Requests answered.", serving.requests),
    states("nginx_process_connections", "gauge", "Connections open now.", {
      active: serving.active,
      reading: 0,
      writing: serving.inFlight,
      waiting,
    }),
    one(
      "nginx_process_cpu_seconds_total",
      "counter",
      "Processor time used by all processes, in seconds.",
      cpuSeconds() + (serving.cpuSeconds ?? 0),
    ),
    one(
      "nginx_process_resident_memory_bytes",
      "gauge",
      "Resident memory of all processes, together.",
      process.memoryUsage.rss() + (serving.residentBytes ?? 0),
    ),
    one("nginx_process_num_procs", "gauge", "Processes, this one and the workers.", 1 + (serving.processes ?? 0)),
    one("nginx_process_oldest_start_time_seconds", "gauge", "Start, seconds since the epoch.", startedAtSeconds()),
    one(
      "subrequests_total",
      "counter",
      "Requests that the program itself sent on behalf of clients' requests.",
      serving.subrequests ?? 0,
    ),
    one(
      "subrequest_failures_total",
      "counter",
      "Subrequests without a complete response; those of clients that have gone do not count.",
      serving.subrequestFailures ?? 0,
    ),
    one("subrequests_in_flight", "gauge", "Subrequests in flight now.", serving.subrequestsInFlight ?? 0),
    one(
      "internal_errors_total",
      "counter",
      "Errors of the program itself; each costs an exchange at most.",
      serving.internalErrors ?? 0,
    ),
    one(
      "unsafe_rewritten_paths_total",
      "counter",
      "Requests answered with 400, because a rewrite made a path with a segment . or .. of theirs.",
      serving.unsafePaths ?? 0,
    ),
    {
      name: `${PREFIX}_source_synced`,
      type: "gauge",
      help: "1 for a source of objects that follows all changes; 0 while it is starting or degraded.",
      samples: (source.sources?.() ?? []).map(({ name, state }): MetricSample => ({
        labels: { ...labels, source: name },
        value: bit(state.kind === "synced"),
      })),
    },
    options.orphans.family(diagnostics, labels),
    options.findings.family(diagnostics, labels),
    ...snapshot === null ? [] : certificateFamilies(snapshot, options.controllerClass),
  ];
}

function family(
  name: string,
  type: Type,
  help: string,
  value: number,
  labels: Record<string, string> = {},
): MetricFamily {
  return { name, type, help, samples: [{ labels, value }] };
}

function bit(value: boolean): number {
  return value ? 1 : 0;
}
