/**
 * What the admin endpoints show, as an interface: they do not know who compiles and who serves.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { StubStatus } from "../observe/mod.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

/** Counters of the data plane, summed over its processes. */
export interface ServingCounters extends StubStatus {
  /** Internal errors of all processes. Default: 0. */
  readonly internalErrors?: number;
  /** Requests answered with 400 for an unsafe path that a rewrite made. Default: 0. */
  readonly unsafePaths?: number;
  /** Worker processes. Default: none, this process serves. */
  readonly processes?: number;
  /** What they used of the processor so far, seconds. */
  readonly cpuSeconds?: number;
  /** Their resident memory. */
  readonly residentBytes?: number;
}

/** How the updates of the configuration went. */
export interface UpdateCounters {
  readonly applied: number;
  readonly failed: number;
  readonly lastSucceeded: boolean;
  /** Milliseconds since the epoch; 0 before the first. */
  readonly lastAppliedAtMs: number;
}

/** Asked anew for each request. */
export interface AdminSource {
  /** `null` when requests are served from a configuration; else why not. */
  unready(): string | null;
  /** In force; `null` before the first one is. */
  snapshot(): Snapshot | null;
  /** All findings that stand: about files, objects and annotations. */
  diagnostics(): readonly Diagnostic[];
  /** The same, each with the line and column of the field or annotation that it is about. Absent: they have them. */
  locatedDiagnostics?(): Promise<readonly Diagnostic[]>;
  serving(): ServingCounters;
  /** Brings {@link AdminSource.serving} and the metrics up to date; takes half a second at most. Absent: they always are. */
  refresh?(): Promise<void>;
  updates(): UpdateCounters;
}
