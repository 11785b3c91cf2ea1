/**
 * What a folder of manifests, an API server and a program that embeds this one have in common: they hold objects.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { ObjectKey } from "./objects.ts";
import type { KubeObject } from "./schema/kinds.ts";
import type { StoreBatch } from "./store.ts";

/** How well a source is. */
export type SourceState =
  /** It has not told all of its objects yet. */
  | { readonly kind: "starting" }
  | { readonly kind: "synced" }
  /** What it has told stays in force, but changes may be missed; `reason` says why. */
  | { readonly kind: "degraded"; readonly reason: string };

/** What a source tells its objects to. A target belongs to one source. */
export interface SourceTarget {
  /** The object of this key that this source has put. */
  get(key: ObjectKey): KubeObject | undefined;
  /** Takes over what came and what went, as one change. */
  apply(batch: StoreBatch): void;
  /** {@link ObjectSource.diagnostics} differ from what they were; `news` did not stand before. */
  diagnosticsChanged(news: readonly Diagnostic[]): void;
  /** {@link ObjectSource.state} differs from what it was. */
  stateChanged(): void;
}

/** What the first reading brought. */
export interface SourceReading {
  readonly objects: number;
  /** Milliseconds. */
  readonly tookMs: number;
}

/** Holds objects, and follows their changes. */
export interface ObjectSource {
  /** Names it in logs, metrics and health checks; no two sources of a program have the same. */
  readonly name: string;
  readonly state: SourceState;
  /**
   * Tells all objects, then every change; resolves when it is synced. Called once. Rejects when there is nothing to wait
   * for (a folder that does not exist); a source that may come back later (an API server) waits.
   */
  start(target: SourceTarget): Promise<SourceReading>;
  /** All diagnostics that stand. */
  diagnostics(): readonly Diagnostic[];
  /** Compares everything soon, whether or not a change was heard of. Absent: there is nothing to compare. */
  rescan?(): void;
  /** Tells nothing any more; what was told stays. Also ends a {@link ObjectSource.start} that waits. */
  stop(): Promise<void>;
}
