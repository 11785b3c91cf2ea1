/**
 * Observation of the running program: its log, the access log, counters and metrics, and their clock. It never blocks
 * on a reader, and keeps a bounded amount of unread text.
 *
 * @module
 */
export { AccessLog, type AccessLogOptions, type AccessLogSink } from "./access-log.ts";
export { type FileSink, fileSink, streamSink } from "./access-log-sink.ts";
export { type Clock, ManualClock, systemClock } from "./clock.ts";
export { FailureLog, type FailureLogOptions, failuresTo, type RequestFailure } from "./failure-log.ts";
export { InternalErrorLog } from "./internal-error-log.ts";
export { escapeDefault, escapeJson, type LogEscape } from "./log-escape.ts";
export type { Logger, LogLevel, LogValue } from "./logger.ts";
export { type LineSink, stderrLogger } from "./stderr.ts";
export { createLogger, type LogFormat, type LoggerOptions } from "./text-logger.ts";
export { EXPOSITION_TYPE, formatMetrics, type MetricFamily, type MetricSample } from "./exposition.ts";
export { type RequestCounts, RequestMetrics, type RequestMetricsOptions } from "./request-metrics.ts";
export { formatStubStatus, type StubStatus } from "./stub-status.ts";
export {
  availableCores,
  cpuSeconds,
  openFileLimit,
  openFiles,
  startedAtSeconds,
  virtualBytes,
} from "./process-facts.ts";
