/**
 * Data of the admin endpoints, as an interface: they do not know the compiler and the data plane.
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
  /** Subrequests begun. Default: 0. */
  readonly subrequests?: number;
  /** Subrequests without a complete response. Default: 0. */
  readonly subrequestFailures?: number;
  /** Subrequests in flight now. Default: 0. */
  readonly subrequestsInFlight?: number;
  /** Requests answered with 400 because of an unsafe path that a rewrite made. Default: 0. */
  readonly unsafePaths?: number;
  /** Number of worker processes. Default: 0, this process serves. */
  readonly processes?: number;
  /** Processor time of the workers so far, seconds. */
  readonly cpuSeconds?: number;
  /** Resident memory of the workers, bytes. */
  readonly residentBytes?: number;
}

/** Counters of configuration updates. */
export interface UpdateCounters {
  readonly applied: number;
  readonly failed: number;
  readonly lastSucceeded: boolean;
  /** Time of the last applied update, milliseconds since the epoch; 0 before the first. */
  readonly lastAppliedAtMs: number;
}

/** How well a source of objects is. */
export interface SourceHealth {
  readonly name: string;
  readonly state:
    | { readonly kind: "starting" }
    | { readonly kind: "synced" }
    | { readonly kind: "degraded"; readonly reason: string };
}

/** Read for each request. */
export interface AdminSource {
  /** `null` while requests are served, or else the reason why not. */
  unready(): string | null;
  /** Sources of objects. Default: none. */
  sources?(): readonly SourceHealth[];
  /** Snapshot in force; `null` before the first one. */
  snapshot(): Snapshot | null;
  /** Current diagnostics of files, objects and annotations. */
  diagnostics(): readonly Diagnostic[];
  /**
   * Current diagnostics, each with the line and column of its field or annotation. Default: those of {@link
   * AdminSource.diagnostics}.
   */
  locatedDiagnostics?(): Promise<readonly Diagnostic[]>;
  serving(): ServingCounters;
  /**
   * Brings {@link AdminSource.serving} and the metrics up to date, in half a second at most. Default: they always are.
   */
  refresh?(): Promise<void>;
  updates(): UpdateCounters;
}
