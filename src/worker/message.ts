/**
 * Messages between the control process and its workers: plain JSON. To workers they go as lines on standard input, so
 * that a line for all workers is encoded once; from workers, over the child's IPC channel.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { LogLevel, LogValue, RequestCounts, RequestFailure, RequestMetricsOptions } from "../observe/mod.ts";
import type { CountsDelta, DataPlaneCounters, KeyPair, ListenFailure, ListenOptions } from "../proxy/mod.ts";
import type { UpdatePart } from "../snapshot/mod.ts";

/** Counters of a worker; they can be summed over workers. */
export interface WorkerCounters extends DataPlaneCounters {
  /** Processor time so far, user and system, seconds. */
  readonly cpuSeconds: number;
  /** Resident memory, bytes. */
  readonly residentBytes: number;
}

/** A log line that is not written yet. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: Readonly<Record<string, LogValue>>;
}

/** Messages to a worker, which handles them in order. */
export type ToWorker =
  /** The first message. `metrics`: options of request metrics; `null`: requests are not counted. */
  | { readonly kind: "settings"; readonly metrics: RequestMetricsOptions | null }
  /** A part of the next update. */
  | { readonly kind: "part"; readonly part: UpdatePart }
  /** The update is complete; the worker applies it. */
  | { readonly kind: "apply"; readonly serial: number }
  /** Opens listeners; the answer carries the `id`. */
  | { readonly kind: "listen"; readonly id: number; readonly options: ListenOptions }
  /** Asks for a report at once; the answer carries the `id`. */
  | { readonly kind: "report"; readonly id: number }
  /** Answer to `want-self-signed`; `null`: the certificate cannot be made. */
  | { readonly kind: "self-signed"; readonly pair: KeyPair | null }
  /** Answer to `want-total`. */
  | { readonly kind: "total"; readonly id: number; readonly counters: DataPlaneCounters }
  /** Changes of shared counts by other workers. */
  | { readonly kind: "counts"; readonly deltas: readonly CountsDelta[] }
  /** Opens the files of the access log again. */
  | { readonly kind: "reopen-logs" }
  | { readonly kind: "close"; readonly graceMs: number };

/** Messages to the control process. */
export type FromWorker =
  /** The process runs and waits for its first update. */
  | { readonly kind: "started" }
  /** `log`: lines that applying the update has logged; those of other workers are mostly the same. */
  | { readonly kind: "applied"; readonly serial: number; readonly log: readonly LogEntry[] }
  | { readonly kind: "refused"; readonly serial: number; readonly log: readonly LogEntry[]; readonly message: string }
  /** Each port is open or in `failures`. Sent again, without `id`, when that changes. */
  | { readonly kind: "listening"; readonly id: number | null; readonly failures: readonly ListenFailure[] }
  /** `code` as in Node, e.g. `EADDRINUSE`; never empty. */
  | { readonly kind: "listen-failed"; readonly id: number; readonly code: string; readonly message: string }
  /** A failure of requests; `leftOut`: number of its kind since the last message; 0: it is the first. */
  | { readonly kind: "failure"; readonly failure: RequestFailure; readonly leftOut: number }
  /** Number of failures whose kinds are too many to be told apart. */
  | { readonly kind: "other-failures"; readonly count: number }
  /** Counts of requests since the last such message. */
  | { readonly kind: "requests"; readonly counts: readonly RequestCounts[] }
  /** Counters; sent every second as a sign of life, and on request. */
  | { readonly kind: "report"; readonly id: number | null; readonly counters: WorkerCounters }
  /** Changes of counts that all workers share. */
  | { readonly kind: "counts"; readonly deltas: readonly CountsDelta[] }
  | { readonly kind: "want-self-signed" }
  /** Asks for the counters of all workers together. */
  | { readonly kind: "want-total"; readonly id: number }
  | { readonly kind: "closed" };

/** Encodes a message as a line; JSON contains no line feeds. */
export function encodeMessage(message: ToWorker): Uint8Array {
  return Buffer.from(`${JSON.stringify(message)}\n`);
}
