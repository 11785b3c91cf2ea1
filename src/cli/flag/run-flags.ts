/**
 * Flags of `run`: those of ingress-nginx under their own names and defaults, and a few of our own.
 *
 * @module
 */
import { COMPILE_FLAGS, LISTEN_FLAGS, STATUS_FLAGS } from "./compile-flags.ts";
import { CLUSTER_FLAGS, COMPATIBILITY_FLAGS } from "./foreign-flags.ts";
import { GENERAL_FLAGS, LOG_FLAGS } from "./general-flags.ts";
import { bool, buckets, countOrAuto, decimal, integer, port, text, texts, words } from "./kind.ts";
import type { FlagFacts } from "./declaration.ts";

const listening = (doc: string): FlagFacts => ({ group: "Listening", doc });
const health = (doc: string): FlagFacts => ({ group: "Health, status and metrics", doc });
const notYetMetrics = (doc: string): FlagFacts => ({ group: "Health, status and metrics", doc, state: "not-yet" });
const SECONDS = { min: 0, max: 86_400 };

/** By name, in the order of help. */
export const RUN_FLAGS = {
  "manifests": texts("DIR", {
    group: "Manifests",
    doc: "Folder of Kubernetes objects (.yaml, .yml, .json), read with its subfolders and watched. May be given " +
      "several times.",
  }),

  "bind-address": text("IP", "", listening("Address of the HTTP and HTTPS ports; without it, all addresses.")),
  ...LISTEN_FLAGS,

  "workers": countOrAuto(256, {
    group: "Listening",
    doc:
      "Processes that serve, on shared ports; 0: none but this one. auto: as worker-processes of the ConfigMap says, " +
      "or else as many as there are cores, none when there is only one.",
  }),

  ...COMPILE_FLAGS,
  ...LOG_FLAGS,

  "healthz-port": port(10254, health("Port of the health check and of the metrics.")),
  "healthz-host": text("IP", "", health("Address of --healthz-port; without it, all addresses.")),
  "health-check-path": text("PATH", "/healthz", health("Path of the health check, on all ports that have one.")),
  ...STATUS_FLAGS,
  "enable-metrics": bool(false, health("Serve metrics of the controller and the proxy at /metrics of --healthz-port.")),
  "metrics-per-host": bool(true, health("Give metrics of requests a host label.")),
  "metrics-per-undefined-host": bool(false, health("Count requests for hosts of no Ingress, too.")),
  "report-status-classes": bool(false, health("Label requests 2xx, 3xx, ... in place of the status.")),
  "time-buckets": buckets(
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    health("Buckets of durations, seconds."),
  ),
  "length-buckets": buckets(
    [10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
    health("Buckets of request and response sizes, bytes."),
  ),
  "size-buckets": buckets([10, 100, 1e3, 1e4, 1e5, 1e6, 1e7], health("Buckets of bytes sent.")),
  "bucket-factor": decimal(0, notYetMetrics("Growth of native histograms; above 1 turns them on.")),
  "max-buckets": integer("N", 100, notYetMetrics("Most buckets of a native histogram."), { min: 0, max: 4294967295 }),
  "exclude-socket-metrics": words([], health("Metrics of requests that are left out.")),

  "shutdown-grace-period": integer("SECONDS", 0, {
    group: "Shutdown",
    doc: "After SIGTERM or SIGINT, seconds of serving on while the health check already fails.",
  }, SECONDS),
  "post-shutdown-grace-period": integer("SECONDS", 10, {
    group: "Shutdown",
    doc:
      "Seconds between the end of the last request and that of the process. With --manifests it is waited for only " +
      "when the flag is given, and not after SIGINT.",
  }, SECONDS),

  ...CLUSTER_FLAGS,
  ...COMPATIBILITY_FLAGS,
  ...GENERAL_FLAGS,
};
