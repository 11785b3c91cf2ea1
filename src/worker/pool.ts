/**
 * Several worker processes with the interface of one data plane.
 *
 * @module
 */
import { type Clock, FailureLog, failuresTo, streamSink, systemClock } from "../observe/mod.ts";
import type { CountsDelta, KeyPair, ListenError, ListenFailure } from "../proxy/mod.ts";
import { runtime } from "../runtime/mod.ts";
import { diffSnapshots, divideUpdate, type Snapshot, type SnapshotUpdate } from "../snapshot/mod.ts";
import { CounterSum } from "./counter-sum.ts";
import { LogRelay } from "./log-relay.ts";
import { encodeMessage } from "./message.ts";
import { type PoolCounters, type WorkerPoolOptions, WorkerStartError } from "./pool-options.ts";
import { PoolPorts } from "./pool-ports.ts";
import { SharedCounts } from "./shared-counts.ts";
import { SilenceWatch } from "./silence-watch.ts";
import { UpdateLog } from "./update-log.ts";
import { type ApplyOutcome, WorkerProcess } from "./worker-process.ts";

const DEFAULT_SILENCE_MS = 15_000;
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 10_000;
/** Lifetime after which the delay before a restart begins at its minimum again. */
const STEADY_MS = 60_000;
/** Number of deaths in a row of one worker that end the start of the program. */
const START_DEATHS = 5;
/** Number of times that all workers may die while they apply an update; then it is given up. */
const UPDATE_DEATHS = 2;
/** Time for workers to report; the last report of a late one counts. */
const REFRESH_MS = 500;
const FLUSH_MS = 1000;

/** A place for a worker; its process may change. */
interface Slot {
  readonly index: number;
  process: WorkerProcess | undefined;
  listening: boolean;
  startedAtMs: number;
  /** Deaths in a row. */
  failures: number;
  cancelRestart: (() => void) | undefined;
}

/** An update that the workers are applying. */
interface Pending {
  readonly serial: number;
  readonly parts: readonly Uint8Array[];
  /** Called with the outcome for the next worker that starts. */
  successor: ((outcome: ApplyOutcome | Promise<ApplyOutcome>) => void) | undefined;
}

/** Starts workers, sends them updates, replaces those that die or hang, and sums their counters. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #clock: Clock;
  readonly #slots: Slot[] = [];
  readonly #relay: LogRelay;
  readonly #failures: FailureLog;
  readonly #counters = new CounterSum<WorkerProcess>();
  /** Snapshot in force, which a new worker gets. */
  #good: Snapshot | null = null;
  #pending: Pending | null = null;
  /** Workers that refused the last update. */
  #refusers: ReadonlySet<WorkerProcess> = new Set();
  #serial = 0;
  readonly #updateLog: UpdateLog;
  readonly #ports: PoolPorts<WorkerProcess>;
  /** Resolves when the workers follow the last change of the ports. */
  #telling: Promise<unknown> = Promise.resolve();
  /** Workers listen on the reserved ports. */
  #listens = false;
  #opening: { resolve(): void; reject(error: ListenError | WorkerStartError): void } | undefined;
  #selfSigned: Promise<KeyPair> | undefined;
  #refreshing: Promise<void> | undefined;
  readonly #shared = new SharedCounts<WorkerProcess>();
  #updates = 0;
  /** A worker process has run. */
  #started = false;
  #lastDeath = "";
  readonly #watch: SilenceWatch;
  #closing = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#relay = new LogRelay({
      sink: options.accessLog ?? streamSink(runtime().writeOutput),
      logger: options.logger,
      pause: (reading) => {
        for (const worker of this.#counters.workers) worker.reading = reading;
      },
    });
    this.#failures = new FailureLog({ ...failuresTo(options.logger), clock: this.#clock });
    this.#updateLog = new UpdateLog(options.logger);
    this.#ports = new PoolPorts({ clock: this.#clock, logger: options.logger, changed: () => this.#tellPorts() });
    this.#grow(options.count);
    const silenceMs = options.silenceMs ?? DEFAULT_SILENCE_MS;
    this.#watch = new SilenceWatch(this.#clock, silenceMs, () => this.#counters.workers);
  }

  /** Wanted number of workers. */
  get count(): number {
    return this.#slots.length;
  }

  /**
   * Resolves when every worker serves the update, which leads to `target`, on every port that can be opened. The first
   * update must be complete. Rejects when a worker refuses it; some workers may serve it then, and a further update
   * must bring all to the same state. Rejects with a {@link WorkerStartError} when no worker has ever run. One call at
   * a time.
   */
  async apply(update: SnapshotUpdate, target: Snapshot): Promise<void> {
    if (this.#pending !== null) throw new TypeError("Cannot apply an update while another one is being applied");
    const pending: Pending = { serial: ++this.#serial, parts: encodeUpdate(update), successor: undefined };
    this.#pending = pending;
    try {
      const workers = this.#running();
      const apply = async (worker: WorkerProcess): Promise<ApplyOutcome> => {
        const outcome = await worker.apply(pending.serial, pending.parts);
        // A worker that refuses to go back is in an unknown state.
        if (outcome.kind === "refused" && this.#refusers.has(worker)) {
          void worker.kill("refused to take the former state back");
        }
        return outcome;
      };
      let outcomes: readonly ApplyOutcome[] = await Promise.all(workers.map(apply));
      this.#refusers = new Set(workers.filter((_, i) => outcomes[i]!.kind === "refused"));
      for (let deaths = 0; outcomes.every(({ kind }) => kind === "gone"); deaths++) {
        if (this.#closing) return;
        if (deaths > UPDATE_DEATHS) {
          if (!this.#started) throw new WorkerStartError(`worker processes cannot be started: ${this.#lastDeath}`);
          throw new Error("the worker processes die of the configuration");
        }
        outcomes = [await new Promise<ApplyOutcome>((resolve) => pending.successor = resolve)];
      }
      for (const outcome of outcomes) {
        if (outcome.kind === "refused") {
          throw new Error(`a worker process cannot apply the configuration: ${outcome.message}`);
        }
      }
      const moved = this.#good?.listeners !== target.listeners;
      this.#good = target;
      this.#updates++;
      if (this.#listens && moved) await this.#ports.update(Object.values(target.listeners));
      await this.#telling;
    } finally {
      this.#pending = null;
    }
  }

  /**
   * Opens the listeners of the snapshot in every worker, and follows their changes; call {@link WorkerPool.apply}
   * first. Rejects with a {@link ListenError} when a port of HTTP cannot be opened, with a {@link WorkerStartError}
   * when a worker dies repeatedly.
   */
  async listen(): Promise<void> {
    await this.#ports.open(Object.values(this.#good?.listeners ?? {}));
    this.#listens = true;
    await new Promise<void>((resolve, reject) => {
      this.#opening = { resolve, reject };
      for (const slot of this.#slots) if (slot.process !== undefined) this.#open(slot, slot.process);
    });
  }

  get ports(): { readonly http: number; readonly https: number } {
    return { http: this.port("http"), https: this.port("https") };
  }

  /** Port number of a listener; 0: it cannot be opened. */
  port(name: string): number {
    return this.#ports.port(name);
  }

  /** Listeners whose port all workers, or one of them, cannot open. */
  get listenFailures(): readonly ListenFailure[] {
    return this.#ports.failures;
  }

  /** The ports have changed: workers that serve open and close what differs. */
  #tellPorts(): void {
    if (!this.#listens || this.#closing) return;
    const options = this.#ports.listenOptions;
    // A worker that ends meanwhile gets the ports when it is started again.
    this.#telling = Promise.allSettled(this.#running().map((worker) => worker.listen(options)));
  }

  /** Changes the number of workers: starts some, or lets some end within `graceMs`. */
  resize(count: number, graceMs: number): void {
    this.#grow(count);
    for (const slot of this.#slots.splice(Math.max(1, count))) {
      slot.cancelRestart?.();
      void slot.process?.close(graceMs);
    }
    this.#opened();
  }

  /** Process ids of the workers that run. */
  get pids(): readonly number[] {
    return this.#counters.workers.flatMap((worker) => worker.pid ?? []);
  }

  /** Counters of the last reports: at most a second old, or of the last {@link WorkerPool.refresh}. */
  counters(): PoolCounters {
    return { ...this.#counters.sum(), updates: this.#updates, processes: this.#counters.workers.length };
  }

  /** Asks all workers for their counters, and waits half a second at most. */
  refresh(): Promise<void> {
    return this.#refreshing ??= new Promise<void>((resolve) => {
      const cancel = this.#clock.after(REFRESH_MS, resolve);
      void Promise.all(this.#counters.workers.map((worker) => worker.report())).then(() => {
        cancel();
        resolve();
      });
    }).finally(() => this.#refreshing = undefined);
  }

  /** Lets every worker open its access log files again. */
  reopenLogs(): void {
    for (const worker of this.#counters.workers) worker.send({ kind: "reopen-logs" });
  }

  /** Every worker stops accepting, lets requests in flight end for at most `graceMs` milliseconds, and ends. */
  async close(graceMs: number): Promise<void> {
    this.#leave();
    await Promise.all(this.#counters.workers.map((worker) => worker.close(graceMs)));
    this.#failures.flush();
    await this.#relay.flush(FLUSH_MS);
  }

  /** Ends every worker at once; resolves when all have ended. */
  async kill(): Promise<void> {
    this.#leave();
    await Promise.all(this.#counters.workers.map((worker) => worker.kill()));
    this.#failures.flush();
  }

  #leave(): void {
    this.#closing = true;
    this.#ports.close();
    this.#watch.stop();
    this.#pending?.successor?.({ kind: "gone" });
    for (const slot of this.#slots) slot.cancelRestart?.();
  }

  #running(): WorkerProcess[] {
    return this.#slots.flatMap((slot) => slot.process ?? []);
  }

  #grow(count: number): void {
    while (this.#slots.length < count) {
      const slot: Slot = {
        index: this.#slots.length,
        process: undefined,
        listening: false,
        startedAtMs: 0,
        failures: 0,
        cancelRestart: undefined,
      };
      this.#slots.push(slot);
      this.#tryStart(slot);
    }
  }

  #start(slot: Slot): void {
    const { command, title, metrics } = this.#options;
    slot.cancelRestart = undefined;
    slot.startedAtMs = this.#clock.elapsedMs();
    const worker: WorkerProcess = new WorkerProcess({ command, title }, {
      output: this.#relay.source(),
      log: (serial, entries) => this.#updateLog.write(serial, entries),
      counters: (counters) => this.#counters.report(worker, counters),
      failure: (failure, count) => this.#failures.add(failure, count),
      otherFailures: (count) => this.#failures.addOthers(count),
      requests: (counts) => metrics?.add(counts),
      counts: (deltas) => {
        this.#shared.add(worker, deltas);
        this.#tellCounts(deltas, worker);
      },
      listening: (failures) => this.#ports.report(worker, failures),
      wantSelfSigned: () => this.#giveSelfSigned(worker),
      wantTotal: (id) => void this.refresh().then(() => worker.send({ kind: "total", id, counters: this.counters() })),
      exit: (how, expected, cut) => this.#gone(slot, worker, how, expected, cut),
    }, this.#clock);
    slot.process = worker;
    this.#counters.add(worker);
    if (this.#relay.full) worker.reading = false;
    worker.send({ kind: "settings", metrics: metrics?.options ?? null });
    const deltas = this.#shared.all();
    if (deltas.length > 0) worker.send({ kind: "counts", deltas });
    if (this.#good !== null) this.#catchUp(worker, slot, this.#good);
    if (this.#pending !== null) {
      const { serial, parts, successor } = this.#pending;
      const outcome = worker.apply(serial, parts);
      this.#pending.successor = undefined;
      successor?.(outcome);
    }
    if (this.#listens) this.#open(slot, worker);
  }

  /** Brings a restarted worker to the state of the others. */
  #catchUp(worker: WorkerProcess, slot: Slot, good: Snapshot): void {
    void worker.apply(++this.#serial, encodeUpdate(diffSnapshots(null, good))).then((outcome) => {
      if (outcome.kind !== "refused") return;
      this.#options.logger.error("worker cannot apply the configuration", {
        worker: slot.index,
        error: outcome.message,
      });
      void worker.kill("refused the configuration");
    });
  }

  #open(slot: Slot, worker: WorkerProcess): void {
    worker.listen(this.#ports.listenOptions).then(() => {
      slot.listening = true;
      if (this.#opening === undefined) {
        const message = slot.failures > 0 ? "worker serves again" : "worker serves";
        this.#options.logger.info(message, { worker: slot.index, pid: worker.pid });
      }
      this.#opened();
    }, (error: ListenError) => {
      // Without a code the process has ended, and another one takes its place.
      if (error.code === "") return;
      if (this.#opening !== undefined) return this.#opening.reject(error);
      this.#options.logger.error("worker cannot listen", { worker: slot.index, error: error.message });
      void worker.kill("could not listen");
    });
  }

  /** Resolves the start when all workers listen. */
  #opened(): void {
    if (this.#opening === undefined || !this.#slots.every(({ listening }) => listening)) return;
    this.#opening.resolve();
    this.#opening = undefined;
  }

  #gone(slot: Slot, worker: WorkerProcess, how: string, expected: boolean, cut: boolean): void {
    const { logger } = this.#options;
    this.#counters.end(worker);
    this.#tellCounts(this.#shared.remove(worker), worker);
    this.#ports.forget(worker);
    this.#started ||= worker.started;
    this.#lastDeath = how;
    slot.process = undefined;
    slot.listening = false;
    if (cut) logger.warning("access log lines lost: they were not taken in time", { worker: slot.index });
    if (expected || this.#closing) return;
    const lived = this.#clock.elapsedMs() - slot.startedAtMs;
    slot.failures = lived >= STEADY_MS ? 1 : slot.failures + 1;
    if (this.#opening !== undefined && slot.failures >= START_DEATHS) {
      this.#opening.reject(new WorkerStartError(`a worker process dies again and again: ${how}`));
    }
    this.#restart(slot, how);
  }

  #tellCounts(deltas: readonly CountsDelta[], from: WorkerProcess): void {
    if (deltas.length === 0) return;
    for (const other of this.#counters.workers) if (other !== from) other.send({ kind: "counts", deltas });
  }

  #restart(slot: Slot, how: string): void {
    const delayMs = Math.min(FIRST_RESTART_MS * 2 ** (slot.failures - 1), LONGEST_RESTART_MS);
    this.#options.logger.error("worker died; it is started again", { worker: slot.index, how, inMs: delayMs });
    slot.cancelRestart = this.#clock.after(delayMs, () => this.#tryStart(slot));
  }

  /** When a process cannot be started, some runtimes throw and others emit an event. */
  #tryStart(slot: Slot): void {
    try {
      this.#start(slot);
    } catch (error) {
      this.#lastDeath = error instanceof Error ? error.message : String(error);
      const successor = this.#pending?.successor;
      if (this.#pending !== null) this.#pending.successor = undefined;
      successor?.({ kind: "gone" });
      slot.failures++;
      this.#restart(slot, this.#lastDeath);
    }
  }

  #giveSelfSigned(worker: WorkerProcess): void {
    this.#selfSigned ??= this.#options.selfSigned();
    this.#selfSigned.then((pair) => worker.send({ kind: "self-signed", pair }), () => {
      this.#selfSigned = undefined;
      worker.send({ kind: "self-signed", pair: null });
    });
  }
}

function encodeUpdate(update: SnapshotUpdate): Uint8Array[] {
  return Array.from(divideUpdate(update), (part) => encodeMessage({ kind: "part", part }));
}
