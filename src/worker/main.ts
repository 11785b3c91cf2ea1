/**
 * A worker process: a data plane that the control process feeds.
 *
 * @module
 */
import process from "node:process";
import { cpuSeconds, InternalErrorLog, type Logger, RequestMetrics } from "../observe/mod.ts";
import { DataPlane, type DataPlaneCounters, type DataPlaneOptions, type KeyPair } from "../proxy/mod.ts";
import { holdSignals, runtime, WORKER_SIGNALS } from "../runtime/mod.ts";
import { UpdateAssembler } from "../snapshot/mod.ts";
import { HeldLog } from "./held-log.ts";
import { lineSplitter } from "./line-splitter.ts";
import type { FromWorker, ToWorker } from "./message.ts";
import { countHosts } from "./request-hosts.ts";

/** Interval of reports, which are signs of life and carry the counters. */
const REPORT_MS = 1000;
/** Window of the failure log; the control process decides what is logged. */
const FAILURES_MS = 1000;
/** Bound of the share of time that sending request metrics takes. */
const REPORT_SHARE = 0.02;
/** Number of series in one message. */
const COUNTS_A_MESSAGE = 500;

/** Options of a worker. */
export interface WorkerOptions {
  /** Policies in order of execution. Default: those of the policy room. */
  readonly modules?: DataPlaneOptions["modules"];
  /** Takes exceptions that no code expects. Default: one that writes to the logger. */
  readonly internalErrors?: InternalErrorLog;
}

/**
 * Serves until the control process sends `close` or ends; then the process ends. Stop signals have no effect here,
 * because a terminal sends them to the whole group and the control process handles them.
 *
 * @throws {TypeError} when the process has no channel to a parent
 */
export function runWorker(logger: Logger, options: WorkerOptions = {}): void {
  if (process.send === undefined) throw new TypeError("Cannot run as a worker: the process has no channel to a parent");
  const worker = new Worker(logger, options);
  process.stdin.on("data", lineSplitter((line) => worker.receive(JSON.parse(line) as ToWorker)));
  // Either event means that the parent has ended, for whatever reason.
  process.stdin.on("end", () => process.exit(0));
  process.on("disconnect", () => process.exit(0));
  holdSignals(WORKER_SIGNALS);
  // Log rotation may send the signal to every process with this name.
  runtime().onSignal("SIGUSR1", () => worker.receive({ kind: "reopen-logs" }));
  tell({ kind: "started" });
}

function tell(message: FromWorker): void {
  // Without a channel, the process is about to end.
  if (process.connected) process.send!(message);
}

class Worker {
  readonly #log: HeldLog;
  readonly #internalErrors: InternalErrorLog;
  readonly #options: WorkerOptions;
  #dataPlane: DataPlane | null = null;
  #metrics: RequestMetrics | null = null;
  /** The first ports have been opened. */
  #listening = false;
  /** Parts of the next update; an error when they cannot be read. */
  #incoming: UpdateAssembler | Error = new UpdateAssembler();
  #selfSigned: ((pair: KeyPair | null) => void)[] = [];
  readonly #totals = new Map<number, (counters: DataPlaneCounters) => void>();
  #asked = 0;
  #countsDueAtMs = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(logger: Logger, options: WorkerOptions) {
    this.#options = options;
    this.#log = new HeldLog(logger);
    this.#internalErrors = options.internalErrors ?? new InternalErrorLog(logger);
    this.#timer = setInterval(() => this.#report(null), REPORT_MS);
  }

  receive(message: ToWorker): void {
    switch (message.kind) {
      case "settings": {
        const metrics = message.metrics === null ? null : new RequestMetrics(message.metrics);
        this.#metrics = metrics;
        this.#dataPlane = new DataPlane({
          logger: this.#log,
          internalErrors: this.#internalErrors,
          selfSigned: () => this.#askSelfSigned(),
          failures: {
            windowMs: FAILURES_MS,
            write: (failure, leftOut) => tell({ kind: "failure", failure, leftOut }),
            writeOthers: (count) => tell({ kind: "other-failures", count }),
          },
          status: () => this.#askTotal(),
          tellCounts: (deltas) => tell({ kind: "counts", deltas }),
          ...this.#options.modules === undefined ? {} : { modules: this.#options.modules },
          onListeners: () => this.#tellListening(),
          ...metrics === null ? {} : { onEnd: (exchange) => metrics.record(exchange, Date.now()) },
        });
        return;
      }
      case "part":
        try {
          if (!(this.#incoming instanceof Error)) this.#incoming.add(message.part);
        } catch (error) {
          this.#incoming = error as Error;
        }
        return;
      case "apply":
        return this.#apply(message.serial);
      case "listen":
        return void this.#listen(message);
      case "report":
        return this.#report(message.id);
      case "self-signed":
        for (const give of this.#selfSigned.splice(0)) give(message.pair);
        return;
      case "total":
        this.#totals.get(message.id)?.(message.counters);
        this.#totals.delete(message.id);
        return;
      case "counts":
        return this.#dataPlane?.receiveCounts(message.deltas);
      case "reopen-logs":
        return void this.#dataPlane?.reopenLogs();
      case "close":
        return void this.#close(message.graceMs);
      default:
        message satisfies never;
    }
  }

  #apply(serial: number): void {
    const incoming = this.#incoming;
    this.#incoming = new UpdateAssembler();
    this.#log.hold();
    let failure: unknown;
    try {
      if (incoming instanceof Error) throw incoming;
      const update = incoming.update();
      this.#dataPlane!.apply(update);
      if (this.#metrics !== null) countHosts(this.#metrics, update);
    } catch (error) {
      failure = error;
    }
    const log = this.#log.release();
    if (failure === undefined) tell({ kind: "applied", serial, log });
    else tell({ kind: "refused", serial, log, message: text(failure) });
  }

  async #listen({ id, options }: ToWorker & { kind: "listen" }): Promise<void> {
    const dataPlane = this.#dataPlane!;
    try {
      await dataPlane.listen(options);
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      return tell({
        kind: "listen-failed",
        id,
        code: typeof code === "string" ? code : "UNKNOWN",
        message: text(error),
      });
    }
    this.#listening = true;
    this.#tellListening(id);
  }

  #tellListening(id: number | null = null): void {
    if (this.#listening) tell({ kind: "listening", id, failures: this.#dataPlane?.listenFailures ?? [] });
  }

  async #close(graceMs: number): Promise<void> {
    await this.#dataPlane?.close(graceMs);
    clearInterval(this.#timer);
    this.#countsDueAtMs = 0;
    this.#report(null);
    tell({ kind: "closed" });
    // The control process closes the channel when it has read that.
  }

  #report(id: number | null): void {
    const dataPlane = this.#dataPlane;
    if (dataPlane === null) return;
    const beganAtMs = performance.now();
    if (this.#metrics !== null && (id !== null || beganAtMs >= this.#countsDueAtMs)) {
      const counts = this.#metrics.take();
      for (let i = 0; i < counts.length; i += COUNTS_A_MESSAGE) {
        tell({ kind: "requests", counts: counts.slice(i, i + COUNTS_A_MESSAGE) });
      }
      const nowMs = performance.now();
      this.#countsDueAtMs = nowMs + (nowMs - beganAtMs) / REPORT_SHARE;
    }
    const counters = dataPlane.counters();
    tell({
      kind: "report",
      id,
      counters: {
        ...counters,
        cpuSeconds: cpuSeconds(),
        residentBytes: process.memoryUsage.rss(),
      },
    });
  }

  #askSelfSigned(): Promise<KeyPair> {
    return new Promise((resolve, reject) => {
      this.#selfSigned.push((pair) => {
        if (pair === null) reject(new Error("the control process could not make it"));
        else resolve(pair);
      });
      tell({ kind: "want-self-signed" });
    });
  }

  #askTotal(): Promise<DataPlaneCounters> {
    return new Promise((resolve) => {
      const id = this.#asked++;
      this.#totals.set(id, resolve);
      tell({ kind: "want-total", id });
    });
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
