/**
 * Puts the wire of a data plane together: connections of the listener make exchanges, the pipeline decides about them,
 * the forwarder sends them to upstreams. None of these rooms knows another.
 *
 * @module
 */
import { type Clock, InternalErrorLog, type Logger } from "../observe/mod.ts";
import type { Endpoint } from "../snapshot/snapshot.ts";
import type { ExchangeHandler, StreamHandler, WireSettings } from "./contract.ts";
import { DeadlineWheel } from "./deadline-wheel.ts";
import { WireCore, type WireCounters } from "./exchange/mod.ts";
import { UpstreamForwarder } from "./forward/mod.ts";
import { type FrontListen, type FrontPort, HttpFront } from "./listener/mod.ts";
import { UpstreamPools } from "./upstream/mod.ts";

/** Options of a wire. */
export interface WireOptions {
  /** The pipeline. */
  readonly handler: ExchangeHandler;
  readonly settings: WireSettings;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Default: one of its own. */
  readonly internalErrors?: InternalErrorLog;
  /** Takes connections that are not HTTP. Default: ports for them cannot be opened. */
  readonly stream?: StreamHandler;
  /** Descriptors that connections to clients and endpoints may take together. Default: no bound. */
  readonly maxDescriptors?: number;
}

/** One for each data plane. */
export class Wire {
  readonly #core: WireCore;
  readonly #pools: UpstreamPools;
  readonly #front: HttpFront;
  #closed: Promise<void> | null = null;

  constructor(options: WireOptions) {
    const wheel = new DeadlineWheel(options.clock, (error) => this.#core.internalError(error));
    const pools = new UpstreamPools(wheel, options.settings.upstreamIdle);
    const { handler, settings, clock, logger, internalErrors = new InternalErrorLog(logger) } = options;
    const core = new WireCore(handler, settings, pools, wheel, clock, logger, internalErrors);
    core.maxDescriptors = options.maxDescriptors ?? Infinity;
    core.forwarder = new UpstreamForwarder(core, pools);
    this.#core = core;
    this.#pools = pools;
    this.#front = new HttpFront(core, options.stream);
  }

  /** Counters since the start. */
  get counters(): Readonly<WireCounters> {
    return this.#core.counters;
  }

  /** Internal errors so far, those of the whole data plane. */
  get internalErrors(): number {
    return this.#core.internalErrors.count;
  }

  /** Makes a core for exchanges that no client has begun: see {@link WireCore.derive}. */
  derive(handler: ExchangeHandler): WireCore {
    return this.#core.derive(handler);
  }

  /** True when a listener is open at the address. */
  listensAt(address: string, port: number): boolean {
    return this.#front.listensAt(address, port);
  }

  /** Number of idle connections to upstreams. */
  get idleUpstreamConnections(): number {
    return this.#pools.idleConnections;
  }

  /** Takes over new settings; open connections stay. */
  update(settings: WireSettings): void {
    this.#core.settings = settings;
    this.#pools.update(settings.upstreamIdle);
  }

  /** Closes the connections to endpoints that have left, as soon as nothing is in flight on them. */
  drain(endpoints: readonly Endpoint[]): void {
    this.#pools.drain(endpoints);
  }

  /** As {@link HttpFront.listen}. */
  listen(options: FrontListen): Promise<FrontPort> {
    return this.#front.listen(options);
  }

  /** As {@link HttpFront.close}; then closes the connections to upstreams. */
  close(graceMs: number): Promise<void> {
    return this.#closed ??= this.#close(graceMs);
  }

  async #close(graceMs: number): Promise<void> {
    await this.#front.close(graceMs);
    this.#pools.close();
    this.#core.wheel.stop();
  }
}
