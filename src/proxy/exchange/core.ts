/**
 * State that all exchanges and connections of a data plane share.
 *
 * @module
 */
import { type Clock, InternalErrorLog, type Logger, type LogValue } from "../../observe/mod.ts";
import { Backlog } from "../../http/mod.ts";
import type { ExchangeHandler, WireSettings } from "../contract.ts";
import type { DeadlineWheel } from "../deadline-wheel.ts";
import { countUnnamed } from "../unnamed-file.ts";
import type { Forwarder } from "./forwarder.ts";

/** Counters since the start. */
export interface WireCounters {
  /** Connections accepted. */
  accepted: number;
  /** Connections open now. */
  active: number;
  /** Connections that are idle. */
  idle: number;
  /** Requests begun. */
  requests: number;
  /** Requests in flight now. */
  inFlight: number;
}

const TOLD_EVERY_MS = 10_000;
/** Send timeout while the backlog of all clients is full. */
const CROWDED_SEND_MS = 5_000;

/** The upstream side, as the core uses it. */
export interface UpstreamSide {
  /** Number of open connections. */
  readonly liveConnections: number;
  /** Closes the connection that has been idle for the longest; false when there is none. */
  dropOldestIdle(): boolean;
}

/** Core of one data plane. */
export class WireCore {
  settings: WireSettings;
  /** A graceful shutdown has begun: connections close after their response. */
  closing = false;
  /** Milliseconds since the epoch, read once for each event of a socket. */
  nowMs: number;
  /** Set before the first exchange. */
  forwarder!: Forwarder;
  readonly counters: WireCounters = { accepted: 0, active: 0, idle: 0, requests: 0, inFlight: 0 };
  /** Response bytes that wait for clients. */
  readonly backlog: Backlog = new Backlog();
  #nextConnectionId = 1;
  /**
   * Bound of {@link WireCore.descriptors}; above it a new client takes the place of an idle connection, or is refused.
   */
  maxDescriptors = Infinity;
  /** Time of the last line of each message. */
  readonly #toldMs = new Map<string, number>();
  /** Floods since the last line. */
  #floods = 0;

  constructor(
    readonly handler: ExchangeHandler,
    settings: WireSettings,
    readonly upstreams: UpstreamSide,
    readonly wheel: DeadlineWheel,
    readonly clock: Clock,
    readonly logger: Logger,
    /** Internal errors of the data plane. */
    readonly internalErrors: InternalErrorLog = new InternalErrorLog(logger),
  ) {
    this.settings = settings;
    this.nowMs = clock.nowMs();
  }

  /** Makes a core for exchanges that no client has begun: `handler` decides about them, and they are counted apart. */
  derive(handler: ExchangeHandler): WireCore {
    const { clock, internalErrors, logger, settings, upstreams, wheel } = this;
    const core = new WireCore(handler, settings, upstreams, wheel, clock, logger, internalErrors);
    core.forwarder = this.forwarder;
    return core;
  }

  /** Updates the time; called at the beginning of each event. */
  tick(): void {
    this.nowMs = this.clock.nowMs();
  }

  connectionId(): number {
    return this.#nextConnectionId++;
  }

  /** Number of connections to clients and endpoints, and of temporary files. */
  get descriptors(): number {
    return this.counters.active + this.upstreams.liveConnections + countUnnamed();
  }

  /** True when a further connection to an endpoint is allowed: a third more than clients alone may take. */
  get mayConnect(): boolean {
    return this.descriptors * 3 < this.maxDescriptors * 4;
  }

  /** Time in which a client must read some of its response; shorter while the backlog of all clients is full. */
  sendTimeoutMs(ms: number): number {
    return this.backlog.full ? Math.min(ms, CROWDED_SEND_MS) : ms;
  }

  /** Logs that connections are refused for lack of descriptors. */
  tellFull(): void {
    this.#tellSeldom("error", "connections are refused: too many files are open (ulimit -n, LimitNOFILE=)", {
      connections: this.descriptors,
    });
  }

  /** Logs that responses are kept in memory, because the temporary file failed. */
  tellNoFile(error: Error): void {
    this.#tellSeldom("warning", "buffered responses wait for their clients: the temporary file failed", {
      error: error.message,
    });
  }

  /** Logs that request bodies cannot be kept, because the temporary file failed. */
  tellNoSpool(error: Error): void {
    this.#tellSeldom("error", "requests are answered with 500: the temporary file for their bodies failed (TMPDIR)", {
      error: error.message,
    });
  }

  /** Logs that a connection was closed because of a flood of frames. */
  tellFlood(client: string, message: string): void {
    this.#floods++;
    const fields = { client, message, count: this.#floods };
    if (this.#tellSeldom("warning", "HTTP/2 connections are closed because of a flood of frames", fields)) {
      this.#floods = 0;
    }
  }

  /** Logs a message at most once in ten seconds. Returns whether it was logged. */
  #tellSeldom(level: "warning" | "error", what: string, fields: Readonly<Record<string, LogValue>>): boolean {
    const nowMs = this.clock.elapsedMs();
    if (nowMs - (this.#toldMs.get(what) ?? -Infinity) < TOLD_EVERY_MS) return false;
    this.#toldMs.set(what, nowMs);
    this.logger[level](what, fields);
    return true;
  }

  /** Runs the action of an event. An internal error costs that connection, and no other. */
  guard(connection: { cut(): void }, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.internalError(error);
      connection.cut();
    }
  }

  /** Reports an unexpected exception: see {@link InternalErrorLog}. */
  internalError(error: unknown): void {
    this.internalErrors.report(error, "exchange");
  }
}
