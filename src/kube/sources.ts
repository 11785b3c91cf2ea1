/**
 * Several sources of objects and one store.
 *
 * An object that several sources have is in force once. The copy with the least creationTimestamp is; one without a
 * creationTimestamp counts as older than all that have one, as where two Ingresses want the same path; of the same age,
 * that of the source that stands first. When it goes, the next one is in force.
 *
 * @module
 */
import { type Diagnostic, formatSource } from "../diagnostic.ts";
import type { ObjectKey } from "./objects.ts";
import type { KubeObject } from "./schema/kinds.ts";
import type { ObjectSource, SourceReading, SourceState, SourceTarget } from "./source.ts";
import { keyOf, Store, type StoreBatch } from "./store.ts";
import type { StoreChange } from "./store-view.ts";

/** Target of the objects and diagnostics of the sources. */
export interface ObjectSourcesOptions {
  /** Filled by the sources. Default: a new one. */
  readonly store?: Store;
  /** Called after `start()`; the store has the changes already, at least one. */
  readonly onChange?: (changes: readonly StoreChange[]) => void;
  /** Called when {@link ObjectSources.diagnostics} differ, also before `start()` resolves; `news` did not stand before. */
  readonly onDiagnostics?: (news: readonly Diagnostic[]) => void;
  /** Called when the state of a source differs. */
  readonly onState?: (source: ObjectSource) => void;
}

interface Claim {
  readonly rank: number;
  readonly object: KubeObject;
}

interface Contest {
  /** Ranks of the sources, the one in force first. */
  readonly order: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Fills a store from sources. */
export class ObjectSources {
  readonly store: Store;
  readonly sources: readonly ObjectSource[];
  readonly #options: ObjectSourcesOptions;
  /** Objects of each source, where there are several. */
  readonly #layers: readonly Map<ObjectKey, KubeObject>[];
  readonly #contests = new Map<ObjectKey, Contest>();
  #started = false;

  /** @throws {TypeError} when two sources have the same name */
  constructor(sources: readonly ObjectSource[], options: ObjectSourcesOptions = {}) {
    if (new Set(sources.map(({ name }) => name)).size < sources.length) {
      throw new TypeError("two object sources have the same name");
    }
    this.sources = sources;
    this.store = options.store ?? new Store();
    this.#options = options;
    this.#layers = sources.map(() => new Map());
  }

  /** Resolves when all sources are synced; when one rejects, stops all and rejects. */
  async start(): Promise<readonly SourceReading[]> {
    let readings: readonly SourceReading[];
    try {
      readings = await Promise.all(this.sources.map((source, rank) => source.start(this.#targetOf(source, rank))));
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#started = true;
    return readings;
  }

  /** Has every source compare everything soon. */
  rescan(): void {
    for (const source of this.sources) source.rescan?.();
  }

  async stop(): Promise<void> {
    await Promise.all(this.sources.map((source) => source.stop()));
  }

  /** Starting while any source is, else degraded while any is: with the names of those sources. */
  get state(): SourceState {
    const starting = this.sources.filter(({ state }) => state.kind === "starting");
    if (starting.length > 0) return { kind: "starting" };
    const reasons: string[] = [];
    for (const { name, state } of this.sources) if (state.kind === "degraded") reasons.push(`${name}: ${state.reason}`);
    return reasons.length === 0 ? { kind: "synced" } : { kind: "degraded", reason: reasons.join("; ") };
  }

  /** Diagnostics of all sources, then a `DuplicateObject` for each copy that is not in force, sorted by object. */
  diagnostics(): readonly Diagnostic[] {
    const own = this.sources.flatMap((source) => source.diagnostics());
    const keys = [...this.#contests.keys()].sort();
    return [...own, ...keys.flatMap((key) => this.#contests.get(key)!.diagnostics)];
  }

  #targetOf(source: ObjectSource, rank: number): SourceTarget {
    const { onDiagnostics, onState } = this.#options;
    const only = this.sources.length === 1;
    const layer = this.#layers[rank]!;
    return {
      get: only ? (key) => this.store.get(key) : (key) => layer.get(key),
      apply: only ? (batch) => this.#tell(this.store.apply(batch)) : (batch) => this.#merge(layer, batch),
      diagnosticsChanged: (news) => onDiagnostics?.(news),
      stateChanged: () => onState?.(source),
    };
  }

  #tell(changes: readonly StoreChange[]): void {
    if (this.#started && changes.length > 0) this.#options.onChange?.(changes);
  }

  #merge(layer: Map<ObjectKey, KubeObject>, batch: StoreBatch): void {
    const touched = new Set<ObjectKey>();
    for (const key of batch.remove) if (layer.delete(key)) touched.add(key);
    for (const object of batch.put) {
      const key = keyOf(object);
      layer.set(key, object);
      touched.add(key);
    }
    const put: KubeObject[] = [];
    const remove: ObjectKey[] = [];
    const news: Diagnostic[] = [];
    let differs = false;
    for (const key of touched) {
      const claims = this.#claims(key);
      const winner = claims[0]?.object;
      if (winner === undefined) remove.push(key);
      else if (this.store.get(key) !== winner) put.push(winner);
      const before = this.#contests.get(key);
      if (claims.length < 2) {
        differs = this.#contests.delete(key) || differs;
        continue;
      }
      const contest = contestOf(claims);
      this.#contests.set(key, contest);
      if (before?.order === contest.order) continue;
      differs = true;
      news.push(...contest.diagnostics);
    }
    this.#tell(this.store.apply({ put, remove }));
    if (differs) this.#options.onDiagnostics?.(news);
  }

  /** Copies of an object, the one in force first. */
  #claims(key: ObjectKey): Claim[] {
    const claims: Claim[] = [];
    for (const [rank, layer] of this.#layers.entries()) {
      const object = layer.get(key);
      if (object !== undefined) claims.push({ rank, object });
    }
    return claims.sort((a, b) =>
      a.object.metadata.creationTimestampMs - b.object.metadata.creationTimestampMs || a.rank - b.rank
    );
  }
}

function contestOf(claims: readonly Claim[]): Contest {
  const [first, ...others] = claims;
  const diagnostics = others.map(({ object: { kind, metadata, source } }): Diagnostic => ({
    reason: "DuplicateObject",
    severity: "warning",
    object: { kind, namespace: metadata.namespace, name: metadata.name },
    message: `the object is also in ${formatSource(first!.object.source)}, which is older or stands first`,
    effect: "this copy is not in force",
    source,
  }));
  return { order: claims.map(({ rank }) => rank).join(), diagnostics };
}
