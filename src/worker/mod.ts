/**
 * Worker processes: the same program, each with a data plane on the same ports. An update counts as applied when every
 * worker serves it; a worker that dies or hangs is replaced and gets the whole configuration; log lines stay whole;
 * counters are summed; and workers end with the control process.
 *
 * @module
 */
export { runWorker, type WorkerOptions } from "./main.ts";
export { WorkerPool } from "./pool.ts";
export { type PoolCounters, type WorkerPoolOptions, WorkerStartError } from "./pool-options.ts";
export { countHosts } from "./request-hosts.ts";
