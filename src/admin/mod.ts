/**
 * Endpoints for operators and probes: health, metrics, the configuration in force. They never show a private key and
 * never change anything.
 *
 * @module
 */
export { FindingMetrics } from "./finding-metrics.ts";
export { createHealthApp, type HealthOptions } from "./health.ts";
export { controllerFamilies, controllerLabels, type MetricsOptions, processFamilies } from "./metrics.ts";
export { OrphanMetrics } from "./orphan-metrics.ts";
export { type AdminListener, serveApp } from "./serve.ts";
export type { AdminSource, ServingCounters, UpdateCounters } from "./source.ts";
export { createStatusApp, type StatusOptions } from "./status.ts";
