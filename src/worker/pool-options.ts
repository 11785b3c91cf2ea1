/**
 * Options, counters and errors of a pool of workers.
 *
 * @module
 */
import type { AccessLogSink, Clock, Logger, RequestCounts, RequestMetricsOptions } from "../observe/mod.ts";
import type { KeyPair } from "../proxy/mod.ts";
import type { WorkerCounters } from "./message.ts";

/** Options of a pool. */
export interface WorkerPoolOptions {
  /** Number of processes, at least 1. */
  readonly count: number;
  /** Command line that starts a worker: a program that calls {@link runWorker}. */
  readonly command: readonly string[];
  /** Name of the processes in tools (`argv[0]`). Default: the first word of the command. */
  readonly title?: string;
  readonly logger: Logger;
  /** Makes the self-signed certificate; called once, when a worker needs it. */
  readonly selfSigned: () => Promise<KeyPair>;
  /** Options of request metrics, and the function that adds up the counts; `null`: requests are not counted. */
  readonly metrics: { readonly options: RequestMetricsOptions; add(counts: readonly RequestCounts[]): void } | null;
  readonly clock?: Clock;
  /** Takes the access log lines of all workers. Default: standard output. */
  readonly accessLog?: AccessLogSink;
  /** Time without a message after which a worker is replaced, milliseconds. Default: 15,000. */
  readonly silenceMs?: number;
}

/** Counters of all workers, ended ones included. */
export interface PoolCounters extends WorkerCounters {
  /** Number of worker processes that run. */
  readonly processes: number;
}

/** The system or the runtime does not allow worker processes. */
export class WorkerStartError extends Error {
  override readonly name = "WorkerStartError";
}
