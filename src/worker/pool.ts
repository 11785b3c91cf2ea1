/**
 * Several worker processes behind the interface of one data plane.
 *
 * @module
 */
import * as net from "node:net";
import process from "node:process";
import { type Clock, type Logger, systemClock } from "../observe/mod.ts";
import type { DataPlaneCounters, ListenOptions } from "../proxy/mod.ts";
import { applyUpdate, diffSnapshots, type Snapshot, type SnapshotUpdate } from "../snapshot/mod.ts";
import { LogRelay, type LogStream } from "./log-relay.ts";
import { ListenError, WorkerProcess } from "./worker-process.ts";

/** What a pool is made with. */
export interface WorkerPoolOptions {
  /** Number of processes, at least 1. */
  readonly count: number;
  /** Command line that starts a worker: a program that calls {@link runWorker}. */
  readonly command: readonly string[];
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Takes the access log lines of all workers. Default: standard output. */
  readonly accessLog?: LogStream;
}

const NO_COUNTERS: DataPlaneCounters = {
  accepted: 0,
  active: 0,
  requests: 0,
  inFlight: 0,
  internalErrors: 0,
  updates: 0,
};
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 10_000;
/** A worker that lived this long is restarted as if it were the first time. */
const STEADY_MS = 60_000;

interface Slot {
  readonly index: number;
  process: WorkerProcess | undefined;
  /** Counters of the process that runs now, and those that former ones ended with. */
  counters: DataPlaneCounters;
  ended: DataPlaneCounters;
  startedAtMs: number;
  failures: number;
  cancelRestart: (() => void) | undefined;
}

/** Starts workers, feeds them, restarts those that die, sums what they count. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #clock: Clock;
  readonly #slots: Slot[];
  readonly #relay: LogRelay;
  #snapshot: Snapshot | null = null;
  #serial = 0;
  #listen: ListenOptions | undefined;
  #ports = { http: 0, https: 0 };
  #updates = 0;
  #closing = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#relay = new LogRelay(options.accessLog ?? process.stdout, (reading) => {
      for (const slot of this.#slots) if (slot.process !== undefined) slot.process.reading = reading;
    });
    this.#slots = Array.from({ length: options.count }, (_, index) => ({
      index,
      process: undefined,
      counters: NO_COUNTERS,
      ended: NO_COUNTERS,
      startedAtMs: 0,
      failures: 0,
      cancelRestart: undefined,
    }));
    for (const slot of this.#slots) this.#start(slot);
  }

  /** Resolves when every worker serves the update; rejects when one refused it. The first update must hold everything. */
  async apply(update: SnapshotUpdate): Promise<void> {
    this.#snapshot = applyUpdate(this.#snapshot, update);
    const serial = ++this.#serial;
    const results = await Promise.allSettled(this.#running().map((worker) => worker.apply(serial, update)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
    this.#updates++;
  }

  /** Opens the listeners in every worker; call {@link WorkerPool.apply} first. Rejects when an address cannot be bound. */
  async listen(options: ListenOptions): Promise<void> {
    const reserved = await reserve(options);
    this.#ports = { http: reserved.httpPort, https: reserved.httpsPort };
    this.#listen = { ...reserved, reusePort: true };
    await Promise.all(this.#running().map((worker) => worker.listen(this.#listen!)));
  }

  get ports(): { readonly http: number; readonly https: number } {
    return this.#ports;
  }

  /** Process ids of the workers that run. */
  get pids(): readonly number[] {
    return this.#running().flatMap((worker) => worker.pid ?? []);
  }

  /** As of the last second, summed over all workers, those that died included. */
  counters(): DataPlaneCounters {
    let sum = NO_COUNTERS;
    for (const slot of this.#slots) sum = add(add(sum, slot.ended), slot.counters);
    return { ...sum, updates: this.#updates };
  }

  /** Every worker stops accepting, lets requests in flight end for at most `graceMs` milliseconds, and ends. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    for (const slot of this.#slots) slot.cancelRestart?.();
    await Promise.all(this.#running().map((worker) => worker.close(graceMs)));
  }

  /** Ends every worker at once. */
  kill(): void {
    this.#closing = true;
    for (const slot of this.#slots) {
      slot.cancelRestart?.();
      slot.process?.kill();
    }
  }

  #running(): WorkerProcess[] {
    return this.#slots.flatMap((slot) => slot.process ?? []);
  }

  #start(slot: Slot): void {
    slot.cancelRestart = undefined;
    slot.startedAtMs = this.#clock.elapsedMs();
    const log = this.#relay.source();
    const worker: WorkerProcess = new WorkerProcess(this.#options.command, {
      log,
      counters: (counters) => slot.counters = counters,
      exit: (how, expected) => {
        log();
        slot.process = undefined;
        // Gauges end with the process, counters do not.
        slot.ended = add(slot.ended, { ...slot.counters, active: 0, inFlight: 0 });
        slot.counters = NO_COUNTERS;
        if (!expected && !this.#closing) this.#restart(slot, how);
      },
    });
    slot.process = worker;
    if (this.#relay.full) worker.reading = false;
    if (this.#snapshot !== null) this.#catchUp(worker, slot);
  }

  /** Brings a worker that was started anew to where the others are. */
  #catchUp(worker: WorkerProcess, slot: Slot): void {
    const { logger } = this.#options;
    const failed = (error: Error): void => {
      logger.error("worker cannot take over the configuration", { worker: slot.index, error: error.message });
      worker.kill();
    };
    worker.apply(++this.#serial, diffSnapshots(null, this.#snapshot!)).catch(failed);
    if (this.#listen === undefined) return;
    worker.listen(this.#listen).then(
      () => logger.info("worker serves again", { worker: slot.index, pid: worker.pid }),
      failed,
    );
  }

  #restart(slot: Slot, how: string): void {
    const lived = this.#clock.elapsedMs() - slot.startedAtMs;
    slot.failures = lived >= STEADY_MS ? 1 : slot.failures + 1;
    const delayMs = Math.min(FIRST_RESTART_MS * 2 ** (slot.failures - 1), LONGEST_RESTART_MS);
    this.#options.logger.error("worker died; it is started again", { worker: slot.index, how, inMs: delayMs });
    slot.cancelRestart = this.#clock.after(delayMs, () => this.#start(slot));
  }
}

function add(a: DataPlaneCounters, b: DataPlaneCounters): DataPlaneCounters {
  const sum = { ...a };
  for (const key in b) sum[key as keyof DataPlaneCounters] += b[key as keyof DataPlaneCounters];
  return sum;
}

/**
 * Binds the addresses once without sharing, so that a port somebody else holds is an error although workers share theirs,
 * and a port of 0 becomes a number that all of them can use.
 */
async function reserve(options: ListenOptions): Promise<ListenOptions> {
  const bound = async (port: number): Promise<number> => {
    const server = net.createServer();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ port, host: options.address, exclusive: true }, resolve);
      });
      return (server.address() as net.AddressInfo).port;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new ListenError(code ?? "", `cannot listen on ${options.address} port ${port}: ${message}`);
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  };
  const httpPort = await bound(options.httpPort);
  return { ...options, httpPort, httpsPort: await bound(options.httpsPort) };
}
