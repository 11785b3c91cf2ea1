/**
 * Who wants to know what a compilation found and what became of it: log, admin API, command line.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { StoreChange } from "../kube/mod.ts";
import type { Snapshot, SnapshotUpdate } from "../snapshot/mod.ts";

/** A compilation whose snapshot is served now. */
export interface PublishedCompilation {
  /** Everything was compiled: there is no former snapshot. */
  readonly first: boolean;
  readonly snapshot: Snapshot;
  /** From the former snapshot to this one; sets everything after a failure. */
  readonly update: SnapshotUpdate;
  /** Objects that caused it, one change each; empty for the first one. */
  readonly changes: readonly StoreChange[];
  /** All diagnostics about the objects of this snapshot. */
  readonly diagnostics: readonly Diagnostic[];
  /** Those that did not stand with the former snapshot, and those that stood with it only. */
  readonly newDiagnostics: readonly Diagnostic[];
  readonly goneDiagnostics: readonly Diagnostic[];
  /** Time of the end, milliseconds since the epoch. */
  readonly atMs: number;
  /** Milliseconds to publish it, and in all since the first change. */
  readonly publishMs: number;
  readonly tookMs: number;
}

/** A compilation that the former snapshot outlives. */
export interface FailedCompilation {
  /** Place of the failure: the compiler threw, or the data plane refused the update. */
  readonly stage: "compile" | "publish";
  readonly error: unknown;
  readonly changes: readonly StoreChange[];
}

/**
 * Told of each compilation when it has ended, one after the other. What a method throws is logged, and neither the
 * configuration nor other observers notice.
 */
export interface CompilationObserver {
  published?(compilation: PublishedCompilation): void;
  failed?(failure: FailedCompilation): void;
}
