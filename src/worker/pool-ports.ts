/**
 * Ports of a pool: the control process reserves them, and the workers open them.
 *
 * @module
 */
import type { Clock, Logger } from "../observe/mod.ts";
import { isWeb, ListenError, ListenerSet, type ListenFailure, type ListenOptions } from "../proxy/mod.ts";
import type { Listener } from "../snapshot/mod.ts";
import { reserve } from "./reserve.ts";

/** Options of the ports. */
export interface PoolPortsOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** The ports have changed: the workers must open and close what differs. */
  readonly changed: () => void;
}

/** Reserved ports, and those that workers cannot open although they are reserved. */
export class PoolPorts<W> {
  readonly #listeners: ListenerSet;
  readonly #unopened = new Map<W, readonly ListenFailure[]>();

  constructor({ logger, clock, changed }: PoolPortsOptions) {
    this.#listeners = new ListenerSet({
      open: async (listener) => ({ port: await reserve(listener), close: () => {} }),
      clock,
      logger,
      changed,
    });
  }

  /** What workers listen with. */
  get listenOptions(): ListenOptions {
    return { reusePort: true, ports: this.#listeners.ports };
  }

  /** Listeners whose port all workers, or one of them, cannot open. */
  get failures(): readonly ListenFailure[] {
    const byName = new Map<string, ListenFailure>();
    for (const failures of [this.#listeners.failures, ...this.#unopened.values()]) {
      for (const failure of failures) byName.set(failure.listener.name, failure);
    }
    return [...byName.values()];
  }

  /** Port number of a listener; 0: it cannot be opened. */
  port(name: string): number {
    return this.#listeners.port(name) ?? 0;
  }

  /** Reserves the ports of the listeners for the first time. Rejects when a port of HTTP cannot be opened. */
  async open(listeners: readonly Listener[]): Promise<void> {
    await this.#listeners.update(listeners);
    const failure = this.#listeners.failures.find(({ listener }) => isWeb(listener));
    if (failure === undefined) return;
    this.#listeners.close();
    throw new ListenError(failure.code, failure.message, failure.listener.port);
  }

  /** Follows a change of the listeners. */
  update(listeners: readonly Listener[]): Promise<void> {
    return this.#listeners.update(listeners);
  }

  /** Ports that the worker cannot open. */
  report(worker: W, failures: readonly ListenFailure[]): void {
    this.#unopened.set(worker, failures);
  }

  /** The process of the worker has ended. */
  forget(worker: W): void {
    this.#unopened.delete(worker);
  }

  /** Gives all ports up. */
  close(): void {
    this.#listeners.close();
  }
}
