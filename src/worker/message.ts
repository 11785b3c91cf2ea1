/**
 * What the control process and its workers tell each other over the child's IPC channel: plain JSON.
 *
 * @module
 */
import type { DataPlaneCounters, ListenOptions } from "../proxy/mod.ts";
import type { SnapshotUpdate } from "../snapshot/mod.ts";

/** Control process to worker. Handled in order. */
export type ToWorker =
  | { readonly kind: "apply"; readonly serial: number; readonly update: SnapshotUpdate }
  | { readonly kind: "listen"; readonly options: ListenOptions }
  | { readonly kind: "close"; readonly graceMs: number };

/** Worker to control process. */
export type FromWorker =
  /** The program runs and waits for its first snapshot. */
  | { readonly kind: "started" }
  | { readonly kind: "applied"; readonly serial: number }
  | { readonly kind: "refused"; readonly serial: number; readonly message: string }
  | { readonly kind: "listening"; readonly http: number; readonly https: number }
  | { readonly kind: "listen-failed"; readonly code: string; readonly message: string }
  | { readonly kind: "counters"; readonly counters: DataPlaneCounters }
  | { readonly kind: "closed" };
