/**
 * Compiles store changes to snapshots, and has them served.
 *
 * @module
 */
import type { Compilation, Compiler } from "../compiler/mod.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { StoreChange, StoreView } from "../kube/mod.ts";
import { type Clock, type Logger, systemClock } from "../observe/mod.ts";
import { completeUpdate, type Snapshot, type SnapshotUpdate } from "../snapshot/mod.ts";
import { compilationLog } from "./compilation-log.ts";
import { ConfigurationState, type ControllerState } from "./configuration-state.ts";
import { HoldOff } from "./hold-off.ts";
import type { CompilationObserver, FailedCompilation } from "./observer.ts";
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
  /** Observers of compilations. Default: {@link compilationLog} of the logger. */
  readonly observers?: readonly CompilationObserver[];
  readonly clock?: Clock;
  /** Quiet time that ends a burst of changes, milliseconds. Default 3. */
  readonly holdOffMs?: number;
  /** Longest wait for a burst to end, milliseconds. Default 30. */
  readonly holdOffCeilingMs?: number;
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
  readonly #state = new ConfigurationState();
  readonly #observers: readonly CompilationObserver[];

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#observers = [this.#state, ...options.observers ?? [compilationLog(options.logger)]];
    this.#clock = options.clock ?? systemClock;
    this.#compiler = options.createCompiler();
    const { holdOffMs = 3, holdOffCeilingMs = 30 } = options;
    this.#holdOff = new HoldOff(
      { clock: this.#clock, quietMs: holdOffMs, ceilingMs: holdOffCeilingMs },
      () => this.#compilePending(),
    );
  }

  /** What came of the compilations. */
  get state(): ControllerState {
    return this.#state.now;
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
    if (this.#publishing || this.#stopped || this.state.snapshot === null) return;
    if (this.#pending.size === 0 && this.#doubtful === undefined) return;
    const startedAtMs = this.#firstChangeAtMs;
    const changes = this.#pending.take();
    let compilation: Compilation;
    try {
      compilation = this.#compiler.compile(this.#options.view, changes);
    } catch (error) {
      this.#failed({ stage: "compile", error, changes });
      return;
    }
    const update = this.#doubtful === undefined
      ? compilation.update
      : completeUpdate(compilation.snapshot, this.#doubtful);
    const compiledAtMs = this.#clock.elapsedMs();
    const times = { changes, startedAtMs, compiledAtMs };
    const refused = (error: unknown): void | Promise<void> => {
      this.#failed({ stage: "publish", error, changes }, compilation.snapshot);
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
    const former = this.state.snapshot;
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
    const former = this.state;
    const { diagnostics, newDiagnostics, goneDiagnostics } = compilation;
    // A new compiler calls all diagnostics new, and knows none that are gone.
    const difference = this.#doubtful === undefined ? { newDiagnostics, goneDiagnostics } : {
      newDiagnostics: without(diagnostics, former.diagnostics),
      goneDiagnostics: without(former.diagnostics, diagnostics),
    };
    this.#doubtful = undefined;
    const now = this.#clock.elapsedMs();
    this.#tell((observer) =>
      observer.published?.({
        first: former.snapshot === null,
        snapshot: compilation.snapshot,
        update,
        changes: times.changes,
        diagnostics: compilation.diagnostics,
        ...difference,
        atMs: this.#clock.nowMs(),
        publishMs: now - times.compiledAtMs,
        tookMs: now - times.startedAtMs,
      })
    );
  }

  #failed(failure: FailedCompilation, attempted?: Snapshot): void {
    // A compiler that has thrown, and a data plane after half an update, are in an unknown state.
    this.#compiler = this.#options.createCompiler();
    this.#doubtful ??= this.state.snapshot === null ? [] : [this.state.snapshot];
    if (attempted !== undefined) this.#doubtful = [...this.#doubtful, attempted].slice(-8);
    this.#tell((observer) => observer.failed?.(failure));
  }

  #tell(tell: (observer: CompilationObserver) => void): void {
    for (const observer of this.#observers) {
      try {
        tell(observer);
      } catch (error) {
        const text = error instanceof Error ? error.stack ?? error.message : String(error);
        this.#options.logger.error("an observer of compilations failed", { error: text });
      }
    }
  }
}

function without(diagnostics: readonly Diagnostic[], known: readonly Diagnostic[]): Diagnostic[] {
  const texts = new Set(known.map(textOf));
  return diagnostics.filter((diagnostic) => !texts.has(textOf(diagnostic)));
}

/** All that it says but where its object was read from. */
function textOf(diagnostic: Diagnostic): string {
  return JSON.stringify({ ...diagnostic, source: null });
}
