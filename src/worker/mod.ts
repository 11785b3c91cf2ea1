/**
 * Worker processes: the same program started again, each a data plane on the same ports. Promises that an update counts
 * as applied when every worker serves it, that a worker that dies comes back with the whole configuration, that log lines
 * are not torn, and that no worker outlives the control process.
 *
 * @module
 */
export { runWorker } from "./main.ts";
export { WorkerPool, type WorkerPoolOptions } from "./pool.ts";
export { ListenError } from "./worker-process.ts";
