/**
 * What the control process and its workers tell each other: plain JSON. To a worker it goes as lines over its standard
 * input, so that what all of them get is written once; from a worker over the child's IPC channel.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { LogLevel, LogValue, RequestCounts, RequestFailure, RequestMetricsOptions } from "../observe/mod.ts";
import type { CountsDelta, DataPlaneCounters, KeyPair, ListenFailure, ListenOptions } from "../proxy/mod.ts";
import type { UpdatePart } from "../snapshot/mod.ts";

/** What a worker counts: sums of several make sense. */
export interface WorkerCounters extends DataPlaneCounters {
  /** Processor time so far, user and system. */
  readonly cpuSeconds: number;
  /** Resident memory now. */
  readonly residentBytes: number;
}

/** Our own log line, not yet written. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: Readonly<Record<string, LogValue>>;
}

/** Control process to worker. Handled in order. */
export type ToWorker =
  /** The first message. `metrics`: count requests so; `null`: not at all. */
  | { readonly kind: "settings"; readonly metrics: RequestMetricsOptions | null }
  /** A piece of the next update. */
  | { readonly kind: "part"; readonly part: UpdatePart }
  /** The update is complete: put it into force. */
  | { readonly kind: "apply"; readonly serial: number }
  /** Answered with the `id`. */
  | { readonly kind: "listen"; readonly id: number; readonly options: ListenOptions }
  /** Report at once, and answer with the `id`. */
  | { readonly kind: "report"; readonly id: number }
  /** Answer to `want-self-signed`; `null`: it cannot be made. */
  | { readonly kind: "self-signed"; readonly pair: KeyPair | null }
  /** Answer to `want-total`. */
  | { readonly kind: "total"; readonly id: number; readonly counters: DataPlaneCounters }
  /** Other workers have added that to counts. */
  | { readonly kind: "counts"; readonly deltas: readonly CountsDelta[] }
  /** Open the files of the access log again. */
  | { readonly kind: "reopen-logs" }
  | { readonly kind: "close"; readonly graceMs: number };

/** Worker to control process. */
export type FromWorker =
  /** The program runs and waits for its first snapshot. */
  | { readonly kind: "started" }
  /** `log`: what applying had to say; the others probably say the same. */
  | { readonly kind: "applied"; readonly serial: number; readonly log: readonly LogEntry[] }
  | { readonly kind: "refused"; readonly serial: number; readonly log: readonly LogEntry[]; readonly message: string }
  /** Each port that was asked for is open, or in `failures`; sent again, without `id`, when that changes. */
  | { readonly kind: "listening"; readonly id: number | null; readonly failures: readonly ListenFailure[] }
  /** `code` as Node has it, e.g. `EADDRINUSE`; never empty. */
  | { readonly kind: "listen-failed"; readonly id: number; readonly code: string; readonly message: string }
  /** Requests that no upstream answered: `leftOut` of that kind since the last message, or the first one (0). */
  | { readonly kind: "failure"; readonly failure: RequestFailure; readonly leftOut: number }
  /** Failures of too many kinds to be told one by one. */
  | { readonly kind: "other-failures"; readonly count: number }
  /** What was counted since the last such message. */
  | { readonly kind: "requests"; readonly counts: readonly RequestCounts[] }
  /** Sent every second as a sign of life, and when asked. */
  | { readonly kind: "report"; readonly id: number | null; readonly counters: WorkerCounters }
  /** Added to counts that all workers share. */
  | { readonly kind: "counts"; readonly deltas: readonly CountsDelta[] }
  | { readonly kind: "want-self-signed" }
  /** What have all workers counted together? */
  | { readonly kind: "want-total"; readonly id: number }
  | { readonly kind: "closed" };

/** A message as it is sent; JSON has no line feeds. */
export function encodeMessage(message: ToWorker): Uint8Array {
  return Buffer.from(`${JSON.stringify(message)}\n`);
}
