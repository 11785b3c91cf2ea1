/**
 * Several worker processes with the interface of one data plane.
 *
 * @module
 */
import {
  type AccessLogSink,
  type Clock,
  FailureLog,
  failuresTo,
  type Logger,
  type RequestCounts,
  type RequestMetricsOptions,
  streamSink,
  systemClock,
} from "../observe/mod.ts";
import {
  type CountsDelta,
  isWeb,
  type KeyPair,
  ListenError,
  ListenerSet,
  type ListenFailure,
  type ListenOptions,
} from "../proxy/mod.ts";
import { runtime } from "../runtime/mod.ts";
import { diffSnapshots, divideUpdate, type Snapshot, type SnapshotUpdate } from "../snapshot/mod.ts";
import { LogRelay } from "./log-relay.ts";
import { encodeMessage, type LogEntry, type WorkerCounters } from "./message.ts";
import { SharedCounts } from "./shared-counts.ts";
import { reserve } from "./reserve.ts";
import { type ApplyOutcome, WorkerProcess } from "./worker-process.ts";

/** Options of a pool. */
export interface WorkerPoolOptions {
  /** Number of processes, at least 1. */
  readonly count: number;
  /** Command line that starts a worker: a program that calls {@link runWorker}. */
  readonly command: readonly string[];
  /** Name of the processes in tools (`argv[0]`). Default: the first word of the command. */
  readonly title?: string;
  readonly logger: Logger;
  /** Makes the self-signed certificate; called once, when a worker needs it. */
  readonly selfSigned: () => Promise<KeyPair>;
  /** Options of request metrics, and the function that adds up the counts; `null`: requests are not counted. */
  readonly metrics: { readonly options: RequestMetricsOptions; add(counts: readonly RequestCounts[]): void } | null;
  readonly clock?: Clock;
  /** Takes the access log lines of all workers. Default: standard output. */
  readonly accessLog?: AccessLogSink;
  /** Time without a message after which a worker is replaced, milliseconds. Default: 15,000. */
  readonly silenceMs?: number;
}

/** Counters of all workers, ended ones included. */
export interface PoolCounters extends WorkerCounters {
  /** Number of worker processes that run. */
  readonly processes: number;
}

const NO_COUNTERS: WorkerCounters = {
  accepted: 0,
  active: 0,
  requests: 0,
  inFlight: 0,
  internalErrors: 0,
  unsafePaths: 0,
  updates: 0,
  cpuSeconds: 0,
  residentBytes: 0,
};
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 10_000;
/** Lifetime after which the delay before a restart begins at its minimum again. */
const STEADY_MS = 60_000;
/** Number of deaths in a row of one worker that end the start of the program. */
const START_DEATHS = 5;
/** Number of times that all workers may die while they apply an update; then it is given up. */
const UPDATE_DEATHS = 2;
const WATCH_MS = 1000;
/** Factor on the allowed silence of a worker that starts, because the machine may be slow. */
const START_SILENCE = 2;
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

/** The system or the runtime does not allow worker processes. */
export class WorkerStartError extends Error {
  override readonly name = "WorkerStartError";
}

/** Starts workers, sends them updates, replaces those that die or hang, and sums their counters. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #clock: Clock;
  readonly #slots: Slot[] = [];
  readonly #relay: LogRelay;
  readonly #failures: FailureLog;
  /** Processes with their last report, ending ones included. */
  readonly #counters = new Map<WorkerProcess, WorkerCounters>();
  /** Counters of ended processes. */
  #ended: WorkerCounters = NO_COUNTERS;
  /** Snapshot in force, which a new worker gets. */
  #good: Snapshot | null = null;
  #pending: Pending | null = null;
  /** Workers that refused the last update. */
  #refusers: ReadonlySet<WorkerProcess> = new Set();
  #serial = 0;
  /** Lines that have been logged for the current update. */
  #told = { serial: 0, lines: new Set<string>() };
  /** Ports that workers may open; a port that another program holds is noticed here. */
  readonly #listeners: ListenerSet;
  /** Ports that workers may open and cannot. */
  readonly #unopened = new Map<WorkerProcess, readonly ListenFailure[]>();
  /** Resolves when the workers follow the last change of the ports. */
  #telling: Promise<unknown> = Promise.resolve();
  /** Workers listen on the open ports of {@link WorkerPool.#listeners}. */
  #listens = false;
  #opening: { resolve(): void; reject(error: ListenError | WorkerStartError): void } | undefined;
  #selfSigned: Promise<KeyPair> | undefined;
  #refreshing: Promise<void> | undefined;
  readonly #shared = new SharedCounts<WorkerProcess>();
  #updates = 0;
  /** A worker process has run. */
  #started = false;
  #lastDeath = "";
  #cancelWatch: () => void;
  #closing = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#relay = new LogRelay({
      sink: options.accessLog ?? streamSink(runtime().writeOutput),
      logger: options.logger,
      pause: (reading) => {
        for (const worker of this.#counters.keys()) worker.reading = reading;
      },
    });
    this.#failures = new FailureLog({ ...failuresTo(options.logger), clock: this.#clock });
    this.#listeners = new ListenerSet({
      open: async (listener) => ({ port: await reserve(listener), close: () => {} }),
      clock: this.#clock,
      logger: options.logger,
      changed: () => this.#tellPorts(),
    });
    this.#grow(options.count);
    this.#cancelWatch = this.#watchLater();
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
      if (this.#listens && moved) await this.#listeners.update(Object.values(target.listeners));
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
    await this.#listeners.update(Object.values(this.#good?.listeners ?? {}));
    const failure = this.#listeners.failures.find(({ listener }) => isWeb(listener));
    if (failure !== undefined) {
      this.#listeners.close();
      throw new ListenError(failure.code, failure.message, failure.listener.port);
    }
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
    return this.#listeners.port(name) ?? 0;
  }

  /** Listeners whose port all workers, or one of them, cannot open. */
  get listenFailures(): readonly ListenFailure[] {
    const byName = new Map<string, ListenFailure>();
    for (const failures of [this.#listeners.failures, ...this.#unopened.values()]) {
      for (const failure of failures) byName.set(failure.listener.name, failure);
    }
    return [...byName.values()];
  }

  get #listenOptions(): ListenOptions {
    return { reusePort: true, ports: this.#listeners.ports };
  }

  /** The ports have changed: workers that serve open and close what differs. */
  #tellPorts(): void {
    if (!this.#listens || this.#closing) return;
    const options = this.#listenOptions;
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
    return [...this.#counters.keys()].flatMap((worker) => worker.pid ?? []);
  }

  /** Counters of the last reports: at most a second old, or of the last {@link WorkerPool.refresh}. */
  counters(): PoolCounters {
    const sum = [...this.#counters.values()].reduce(add, this.#ended);
    return { ...sum, updates: this.#updates, processes: this.#counters.size };
  }

  /** Asks all workers for their counters, and waits half a second at most. */
  refresh(): Promise<void> {
    return this.#refreshing ??= new Promise<void>((resolve) => {
      const cancel = this.#clock.after(REFRESH_MS, resolve);
      void Promise.all([...this.#counters.keys()].map((worker) => worker.report())).then(() => {
        cancel();
        resolve();
      });
    }).finally(() => this.#refreshing = undefined);
  }

  /** Lets every worker open its access log files again. */
  reopenLogs(): void {
    for (const worker of this.#counters.keys()) worker.send({ kind: "reopen-logs" });
  }

  /** Every worker stops accepting, lets requests in flight end for at most `graceMs` milliseconds, and ends. */
  async close(graceMs: number): Promise<void> {
    this.#leave();
    await Promise.all([...this.#counters.keys()].map((worker) => worker.close(graceMs)));
    this.#failures.flush();
    await this.#relay.flush(FLUSH_MS);
  }

  /** Ends every worker at once; resolves when all have ended. */
  async kill(): Promise<void> {
    this.#leave();
    await Promise.all([...this.#counters.keys()].map((worker) => worker.kill()));
    this.#failures.flush();
  }

  #leave(): void {
    this.#closing = true;
    this.#listeners.close();
    this.#cancelWatch();
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
      log: (serial, entries) => this.#tell(serial, entries),
      counters: (counters) => this.#counters.set(worker, counters),
      failure: (failure, count) => this.#failures.add(failure, count),
      otherFailures: (count) => this.#failures.addOthers(count),
      requests: (counts) => metrics?.add(counts),
      counts: (deltas) => {
        this.#shared.add(worker, deltas);
        this.#tellCounts(deltas, worker);
      },
      listening: (failures) => this.#unopened.set(worker, failures),
      wantSelfSigned: () => this.#giveSelfSigned(worker),
      wantTotal: (id) => void this.refresh().then(() => worker.send({ kind: "total", id, counters: this.counters() })),
      exit: (how, expected, cut) => this.#gone(slot, worker, how, expected, cut),
    }, this.#clock);
    slot.process = worker;
    this.#counters.set(worker, NO_COUNTERS);
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
    worker.listen(this.#listenOptions).then(() => {
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
    // Gauges of an ended process are dropped, counters are kept.
    this.#ended = add(this.#ended, { ...this.#counters.get(worker)!, active: 0, inFlight: 0, residentBytes: 0 });
    this.#counters.delete(worker);
    this.#tellCounts(this.#shared.remove(worker), worker);
    this.#unopened.delete(worker);
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
    for (const other of this.#counters.keys()) if (other !== from) other.send({ kind: "counts", deltas });
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

  #watchLater(): () => void {
    const dueAtMs = this.#clock.elapsedMs() + WATCH_MS;
    return this.#clock.after(WATCH_MS, () => {
      this.#watch(this.#clock.elapsedMs() - dueAtMs);
      this.#cancelWatch = this.#watchLater();
    });
  }

  /**
   * Replaces workers that hang. When this process itself was suspended, it could hear nobody, and all silences begin
   * again.
   */
  #watch(lateMs: number): void {
    const { silenceMs = 15_000 } = this.#options;
    const nowMs = this.#clock.elapsedMs();
    for (const worker of this.#counters.keys()) {
      if (lateMs > WATCH_MS) worker.heardAtMs = nowMs;
      const limitMs = worker.started ? silenceMs : silenceMs * START_SILENCE;
      if (nowMs - worker.heardAtMs > limitMs) void worker.kill(`said nothing for ${Math.round(limitMs / 1000)} s`);
    }
  }

  /** Writes lines about an update once, although all workers send them. */
  #tell(serial: number, entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    if (serial !== this.#told.serial) this.#told = { serial, lines: new Set() };
    for (const entry of entries) {
      const line = JSON.stringify(entry);
      if (this.#told.lines.has(line)) continue;
      this.#told.lines.add(line);
      this.#options.logger[entry.level](entry.message, entry.fields);
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

function add(a: WorkerCounters, b: WorkerCounters): WorkerCounters {
  const sum = { ...a };
  for (const key in b) sum[key as keyof WorkerCounters] += b[key as keyof WorkerCounters];
  return sum;
}
