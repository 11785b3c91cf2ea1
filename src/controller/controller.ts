/**
 * Compiles store changes to snapshots, and has them served.
 *
 * @module
 */
import type { Compilation, Compiler } from "../compiler/contract.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { StoreChange, StoreView } from "../kube/mod.ts";
import { type Clock, type Logger, systemClock } from "../observe/mod.ts";
import { changesSomething, completeUpdate, type Snapshot, type SnapshotUpdate } from "../snapshot/mod.ts";
import { type LocateDiagnostics, logDiagnostics } from "./diagnostic-log.ts";
import { HoldOff } from "./hold-off.ts";
import { PendingChanges } from "./pending-changes.ts";

/** Options of a controller. */
export interface ControllerOptions {
  readonly view: StoreView;
  /** Makes a compiler without state; called again after one has thrown. */
  readonly createCompiler: () => Compiler;
  /**
   * Applies an update, which leads to `target`; resolves (or returns) when it is served. May throw: it is then called
   * again with an update to the former state, whatever part of the first one was applied.
   */
  readonly publish: (update: SnapshotUpdate, target: Snapshot) => void | Promise<void>;
  readonly logger: Logger;
  /** Finds the lines of new diagnostics before they are logged; see {@link logDiagnostics}. */
  readonly locate?: LocateDiagnostics;
  readonly clock?: Clock;
  /** Quiet time that ends a burst of changes, milliseconds. Default 3. */
  readonly holdOffMs?: number;
  /** Longest wait for a burst to end, milliseconds. Default 30. */
  readonly holdOffCeilingMs?: number;
}

/** State of the configuration, for the admin API and the metrics. */
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

/** Compiles changes and has them served; a failure keeps the last good state. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #pending = new PendingChanges();
  readonly #holdOff: HoldOff;
  #compiler: Compiler;
  /** Snapshots of which the data plane may have applied parts after a failure; the next update sets everything. */
  #doubtful: Snapshot[] | undefined;
  #firstChangeAtMs = 0;
  #publishing = false;
  #stopped = false;
  #state: ControllerState = {
    snapshot: null,
    diagnostics: [],
    applied: 0,
    failed: 0,
    lastSucceeded: false,
    lastAppliedAtMs: 0,
  };

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#compiler = options.createCompiler();
    const { holdOffMs = 3, holdOffCeilingMs = 30 } = options;
    this.#holdOff = new HoldOff(
      { clock: this.#clock, quietMs: holdOffMs, ceilingMs: holdOffCeilingMs },
      () => this.#compilePending(),
    );
  }

  get state(): ControllerState {
    return this.#state;
  }

  /** Compiles the whole store and publishes it; rejects when that fails, because there is no former state. */
  async start(): Promise<void> {
    this.#pending.take();
    const startedAtMs = this.#clock.elapsedMs();
    const compilation = this.#compiler.compile(this.#options.view, []);
    const compiledAtMs = this.#clock.elapsedMs();
    this.#publishing = true;
    try {
      await this.#options.publish(compilation.update, compilation.snapshot);
    } finally {
      this.#publishing = false;
    }
    this.#succeeded(compilation, compilation.update, { changes: [], startedAtMs, compiledAtMs });
    if (this.#pending.size > 0) this.#holdOff.poke();
  }

  /** Takes changes that the store has already applied. */
  changed(changes: readonly StoreChange[]): void {
    if (this.#stopped || changes.length === 0) return;
    if (this.#pending.size === 0) this.#firstChangeAtMs = this.#clock.elapsedMs();
    this.#pending.add(changes);
    this.#holdOff.poke();
  }

  /** Stops compiling. */
  stop(): void {
    this.#stopped = true;
    this.#holdOff.stop();
  }

  #compilePending(): void {
    // The publication under way takes pending changes when it ends.
    if (this.#publishing || this.#stopped || this.#state.snapshot === null) return;
    if (this.#pending.size === 0 && this.#doubtful === undefined) return;
    const startedAtMs = this.#firstChangeAtMs;
    const changes = this.#pending.take();
    let compilation: Compilation;
    try {
      compilation = this.#compiler.compile(this.#options.view, changes);
    } catch (error) {
      this.#failed("cannot compile the objects: the former configuration stays in force", error);
      return;
    }
    const update = this.#doubtful === undefined
      ? compilation.update
      : completeUpdate(compilation.snapshot, this.#doubtful);
    const compiledAtMs = this.#clock.elapsedMs();
    const times = { changes, startedAtMs, compiledAtMs };
    const refused = (error: unknown): void | Promise<void> => {
      this.#failed("cannot put the configuration into force", error, compilation.snapshot);
      return this.#goBack();
    };
    let published: void | Promise<void>;
    try {
      published = this.#options.publish(update, compilation.snapshot);
      if (published === undefined) this.#succeeded(compilation, update, times);
      else published = published.then(() => this.#succeeded(compilation, update, times), refused);
    } catch (error) {
      published = refused(error);
    }
    if (published === undefined) return;
    this.#publishing = true;
    published.finally(() => {
      this.#publishing = false;
      if (this.#pending.size > 0 && !this.#stopped) this.#holdOff.poke();
    });
  }

  /** Brings everything back to the snapshot in force: a failed update may be served in part. */
  #goBack(): void | Promise<void> {
    const former = this.#state.snapshot;
    if (former === null) return;
    const failed = (error: unknown): void => {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.logger.error("cannot restore the former configuration: the next update sets everything", {
        error: message,
      });
    };
    try {
      return this.#options.publish(completeUpdate(former, this.#doubtful ?? []), former)?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #succeeded(
    compilation: Compilation,
    update: SnapshotUpdate,
    times: { changes: readonly StoreChange[]; startedAtMs: number; compiledAtMs: number },
  ): void {
    // A new compiler calls all diagnostics new.
    const news = this.#doubtful === undefined
      ? compilation.newDiagnostics
      : without(compilation.newDiagnostics, this.#state.diagnostics);
    this.#doubtful = undefined;
    const first = this.#state.snapshot === null;
    this.#state = {
      snapshot: compilation.snapshot,
      diagnostics: compilation.diagnostics,
      applied: this.#state.applied + 1,
      failed: this.#state.failed,
      lastSucceeded: true,
      lastAppliedAtMs: this.#clock.nowMs(),
    };
    const { logger, locate } = this.#options;
    void logDiagnostics(logger, news, locate);
    const level = first || changesSomething(update) ? "info" : "debug";
    const now = this.#clock.elapsedMs();
    logger[level](first ? "first configuration compiled" : "configuration applied", {
      changed: first ? undefined : nameChanges(times.changes),
      hosts: update.virtualHosts.set.length,
      hostsRemoved: update.virtualHosts.remove.length || undefined,
      upstreams: update.upstreams.set.length,
      upstreamsRemoved: update.upstreams.remove.length || undefined,
      certificates: update.certificates.set.length,
      certificatesRemoved: update.certificates.remove.length || undefined,
      listeners: first ? undefined : update.listeners.set.length || undefined,
      listenersRemoved: update.listeners.remove.length || undefined,
      globals: update.globals === undefined || first ? undefined : true,
      publishMs: round(now - times.compiledAtMs),
      ms: round(now - times.startedAtMs),
    });
  }

  #failed(message: string, error: unknown, attempted?: Snapshot): void {
    this.#state = { ...this.#state, failed: this.#state.failed + 1, lastSucceeded: false };
    // A compiler that has thrown, and a data plane after half an update, are in an unknown state.
    this.#compiler = this.#options.createCompiler();
    this.#doubtful ??= this.#state.snapshot === null ? [] : [this.#state.snapshot];
    if (attempted !== undefined) this.#doubtful = [...this.#doubtful, attempted].slice(-8);
    const { logger } = this.#options;
    logger.error(message, { error: error instanceof Error ? error.message : String(error) });
    if (error instanceof Error && error.stack !== undefined) logger.debug("stack", { stack: error.stack });
  }
}

function without(diagnostics: readonly Diagnostic[], known: readonly Diagnostic[]): Diagnostic[] {
  const texts = new Set(known.map((d) => JSON.stringify(d)));
  return diagnostics.filter((d) => !texts.has(JSON.stringify(d)));
}

/** Names of the first few changed objects, so that the line tells what caused the update. */
function nameChanges(changes: readonly StoreChange[]): string {
  const names = changes.slice(0, 3).map((change) => change.key.replace("//", "/"));
  return changes.length > 3 ? `${names.join(", ")} and ${changes.length - 3} more` : names.join(", ");
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
