/**
 * Serves from this process or from workers. The first update decides which; when workers are likely, they are started
 * before it.
 *
 * @module
 */
import type { ServingCounters } from "../admin/mod.ts";
import type { InternalErrorLog, Logger, RequestCounts, RequestMetricsOptions } from "../observe/mod.ts";
import {
  DataPlane,
  type DataPlaneOptions,
  FAKE_CERTIFICATE,
  type KeyPair,
  type ListenFailure,
  makeSelfSigned,
} from "../proxy/mod.ts";
import type { Globals, Snapshot, SnapshotUpdate } from "../snapshot/mod.ts";
import { WorkerPool, WorkerStartError } from "../worker/mod.ts";
import { FatalError } from "./exit.ts";

/** Number of workers, and how they are started. */
export interface WorkerSettings {
  /** --workers */
  readonly count: number | "auto";
  /** Number of workers for `auto` when the ConfigMap says nothing. */
  readonly cores: number;
  readonly command: readonly string[];
  /** Name of the processes in tools. */
  readonly title: string;
}

/** Options of serving. */
export interface ServingOptions {
  readonly workers: WorkerSettings;
  readonly logger: Logger;
  /** That of this process. */
  readonly internalErrors: InternalErrorLog;
  /** Counts requests that end in this process, and adds the counts of workers. */
  readonly metrics: {
    readonly options: RequestMetricsOptions;
    readonly onEnd: NonNullable<DataPlaneOptions["onEnd"]>;
    add(counts: readonly RequestCounts[]): void;
  } | null;
}

const NO_COUNTERS: ServingCounters = { accepted: 0, active: 0, requests: 0, inFlight: 0 };

/** A data plane or a pool of workers behind one interface. The first update decides. */
export class Serving {
  readonly #options: ServingOptions;
  #pool: WorkerPool | null = null;
  #here: DataPlane | null = null;
  #selfSigned: Promise<KeyPair> | undefined;
  /** Number of workers by the flag and the ConfigMap; `null` before the first update. */
  #count: number | null = null;

  constructor(options: ServingOptions) {
    this.#options = options;
    const { count, cores } = options.workers;
    const likely = count === "auto" ? cores : count;
    if (likely > 1 || count === 1) this.#startPool(likely);
  }

  /**
   * Resolves, or returns, when all processes serve the update, which leads to `target`.
   *
   * @throws {FatalError} when --workers asks for workers and they cannot be started
   */
  apply(update: SnapshotUpdate, target: Snapshot): void | Promise<void> {
    const first = this.#count === null;
    if (first) this.#decide(target.globals);
    else if (update.globals !== undefined) this.#follow(target.globals);
    if (this.#pool === null) return this.#here!.apply(update);
    const applied = this.#pool.apply(update, target);
    return first ? applied.catch((error) => this.#serveAlone(error, update)) : applied;
  }

  /** @throws {FatalError} when workers die repeatedly */
  listen(): Promise<void> {
    return (this.#pool ?? this.#here!).listen().catch((error) => {
      throw error instanceof WorkerStartError ? new FatalError(error.message) : error;
    });
  }

  get ports(): { readonly http: number; readonly https: number } {
    return (this.#pool ?? this.#here)?.ports ?? { http: 0, https: 0 };
  }

  /** Listeners whose port cannot be opened. */
  get listenFailures(): readonly ListenFailure[] {
    return (this.#pool ?? this.#here)?.listenFailures ?? [];
  }

  counters(): ServingCounters {
    const own = this.#options.internalErrors.count;
    if (this.#pool === null) return this.#here?.counters() ?? { ...NO_COUNTERS, internalErrors: own };
    const counters = this.#pool.counters();
    return { ...counters, internalErrors: counters.internalErrors + own };
  }

  /** Brings the counters up to date, in half a second at most. */
  refresh(): Promise<void> {
    return this.#pool?.refresh() ?? Promise.resolve();
  }

  /** Opens the files of the access log again; workers get a message and are not waited for. */
  reopenLogs(): Promise<void> {
    this.#pool?.reopenLogs();
    return this.#here?.reopenLogs() ?? Promise.resolve();
  }

  /** Lets requests in flight end for at most `graceMs`, then closes everything. */
  async close(graceMs: number): Promise<void> {
    await (this.#pool ?? this.#here)?.close(graceMs);
  }

  /** Ends worker processes at once. */
  kill(): void {
    void this.#pool?.kill();
  }

  #decide(globals: Globals): void {
    const count = this.#wanted(globals);
    this.#count = count;
    if (count > 0 && this.#pool === null) this.#startPool(count);
    if (count > 0) this.#pool!.resize(count, 0);
    else this.#serveHere();
  }

  /** Serves from this process when the runtime or the system allows no processes. */
  #serveAlone(error: unknown, update: SnapshotUpdate): void {
    if (!(error instanceof WorkerStartError)) throw error;
    if (this.#options.workers.count !== "auto") throw new FatalError(`${error.message} (--workers)`);
    this.#options.logger.warning("worker processes cannot be started: this process serves alone (--workers 0)", {
      error: error.message,
    });
    this.#serveHere();
    this.#here!.apply(update);
  }

  #serveHere(): void {
    void this.#pool?.kill();
    this.#pool = null;
    const { internalErrors, logger, metrics } = this.#options;
    this.#here = new DataPlane({
      logger,
      internalErrors,
      selfSigned: () => this.#makeSelfSigned(),
      ...metrics === null ? {} : { onEnd: metrics.onEnd },
    });
  }

  #follow(globals: Globals): void {
    const count = this.#wanted(globals);
    if (count === this.#count) return;
    this.#count = count;
    const { logger } = this.#options;
    if (this.#pool === null) {
      logger.warning("worker-processes takes effect when the program is started again", { count });
      return;
    }
    // One worker is kept, because serving from this process would cut connections.
    const processes = Math.max(1, count);
    logger.info("number of workers changes", { from: this.#pool.count, to: processes });
    this.#pool.resize(processes, globals.workerShutdownTimeoutMs);
  }

  /** Number of workers; 0: this process serves. */
  #wanted({ workerProcesses }: Globals): number {
    const { count, cores } = this.#options.workers;
    if (count !== "auto") return count;
    const wanted = workerProcesses === "auto" ? cores : workerProcesses;
    return wanted > 1 ? wanted : 0;
  }

  #startPool(count: number): void {
    const { workers, logger, metrics } = this.#options;
    this.#pool = new WorkerPool({
      count,
      command: workers.command,
      title: workers.title,
      logger,
      selfSigned: () => this.#makeSelfSigned(),
      // The labels of all series are added in this process.
      metrics: metrics === null ? null : { options: { ...metrics.options, labels: {} }, add: (c) => metrics.add(c) },
    });
  }

  #makeSelfSigned(): Promise<KeyPair> {
    this.#selfSigned ??= makeSelfSigned(FAKE_CERTIFICATE);
    this.#selfSigned.catch(() => this.#selfSigned = undefined);
    return this.#selfSigned;
  }
}
