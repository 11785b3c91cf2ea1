/**
 * Counters of all workers together.
 *
 * @module
 */
import type { WorkerCounters } from "./message.ts";

const NO_COUNTERS: WorkerCounters = {
  accepted: 0,
  active: 0,
  requests: 0,
  inFlight: 0,
  subrequests: 0,
  subrequestFailures: 0,
  subrequestsInFlight: 0,
  internalErrors: 0,
  unsafePaths: 0,
  updates: 0,
  cpuSeconds: 0,
  residentBytes: 0,
};
/** Counters that end with their process; all others are kept. */
const GAUGES = { active: 0, inFlight: 0, subrequestsInFlight: 0, residentBytes: 0 };

/** Sums the last reports of workers, ended ones included. */
export class CounterSum<W> {
  readonly #reports = new Map<W, WorkerCounters>();
  #ended: WorkerCounters = NO_COUNTERS;

  /** Workers whose process has not ended. */
  get workers(): readonly W[] {
    return [...this.#reports.keys()];
  }

  /** Takes a report of the worker. */
  report(worker: W, counters: WorkerCounters): void {
    this.#reports.set(worker, counters);
  }

  /** Adds a worker that has not reported yet. */
  add(worker: W): void {
    this.#reports.set(worker, NO_COUNTERS);
  }

  /** The process of the worker has ended. */
  end(worker: W): void {
    this.#ended = add(this.#ended, { ...this.#reports.get(worker) ?? NO_COUNTERS, ...GAUGES });
    this.#reports.delete(worker);
  }

  /** Sum of all reports. */
  sum(): WorkerCounters {
    return [...this.#reports.values()].reduce(add, this.#ended);
  }
}

function add(a: WorkerCounters, b: WorkerCounters): WorkerCounters {
  const sum = { ...a };
  for (const key in b) sum[key as keyof WorkerCounters] += b[key as keyof WorkerCounters];
  return sum;
}
