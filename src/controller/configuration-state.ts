/**
 * State of the configuration, for the admin API and the metrics.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { Snapshot } from "../snapshot/mod.ts";
import type { CompilationObserver, PublishedCompilation } from "./observer.ts";

/** State of the configuration at a time. */
export interface ControllerState {
  /** Snapshot in force; `null` before the first one. */
  readonly snapshot: Snapshot | null;
  /** All diagnostics of the compiler about it. */
  readonly diagnostics: readonly Diagnostic[];
  /** Number of updates applied. */
  readonly applied: number;
  /** Number of updates that failed. */
  readonly failed: number;
  readonly lastSucceeded: boolean;
  /** Time of the last applied update, milliseconds since the epoch; 0 before the first. */
  readonly lastAppliedAtMs: number;
}

/** Observes compilations, and keeps what came of them. */
export class ConfigurationState implements CompilationObserver {
  #now: ControllerState = {
    snapshot: null,
    diagnostics: [],
    applied: 0,
    failed: 0,
    lastSucceeded: false,
    lastAppliedAtMs: 0,
  };

  get now(): ControllerState {
    return this.#now;
  }

  published({ snapshot, diagnostics, atMs }: PublishedCompilation): void {
    const { applied, failed } = this.#now;
    this.#now = { snapshot, diagnostics, applied: applied + 1, failed, lastSucceeded: true, lastAppliedAtMs: atMs };
  }

  failed(): void {
    this.#now = { ...this.#now, failed: this.#now.failed + 1, lastSucceeded: false };
  }
}
