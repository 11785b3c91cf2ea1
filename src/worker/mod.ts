/**
 * Worker processes: the same program started again, each a data plane on the same ports. Promises that an update counts
 * as applied when every worker serves it, that a worker that dies or hangs is replaced and gets the whole configuration,
 * that log lines are not torn and numbers are summed up, and that no worker outlives the control process.
 *
 * @module
 */
export { runWorker, type WorkerOptions } from "./main.ts";
export { type PoolCounters, WorkerPool, type WorkerPoolOptions, WorkerStartError } from "./pool.ts";
export { countHosts } from "./request-hosts.ts";
