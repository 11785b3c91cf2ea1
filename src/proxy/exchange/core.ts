/**
 * What all exchanges of a data plane share, and the connections they come by.
 *
 * @module
 */
import type { Clock } from "../../observe/clock.ts";
import { Backlog } from "../../http/mod.ts";
import { InternalErrorLog, type Logger, type LogValue } from "../../observe/mod.ts";
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
  /** Connections that are between two requests. */
  idle: number;
  /** Requests begun. */
  requests: number;
  /** Requests in flight now. */
  inFlight: number;
}

const TOLD_EVERY_MS = 10_000;
/** Time to take something, while too much waits for all clients together. */
const CROWDED_SEND_MS = 5_000;

/** What the upstreams' side tells of its connections. */
export interface UpstreamSide {
  /** Open connections in all. */
  readonly liveConnections: number;
  /** Closes the connection that has been idle for the longest; false when there is none. */
  dropOldestIdle(): boolean;
}

/** One for each data plane. */
export class WireCore {
  settings: WireSettings;
  /** Graceful shutdown has begun: connections close after their response. */
  closing = false;
  /** Milliseconds since the epoch, read once for each event of a socket. */
  nowMs: number;
  /** Set before the first exchange. */
  forwarder!: Forwarder;
  readonly counters: WireCounters = { accepted: 0, active: 0, idle: 0, requests: 0, inFlight: 0 };
  /** Response bytes that wait for clients. */
  readonly backlog: Backlog = new Backlog();
  #nextConnectionId = 1;
  /** Above this many {@link WireCore.descriptors} a new client takes the place of an idle connection, or is refused. */
  maxDescriptors = Infinity;
  /** When each kind of trouble was last told, by its message. */
  readonly #toldMs = new Map<string, number>();
  /** Since the last one was told. */
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

  /** The same for exchanges that no client has begun: `handler` decides on them, and they are counted apart. */
  derive(handler: ExchangeHandler): WireCore {
    const { clock, internalErrors, logger, settings, upstreams, wheel } = this;
    const core = new WireCore(handler, settings, upstreams, wheel, clock, logger, internalErrors);
    core.forwarder = this.forwarder;
    return core;
  }

  /** At the beginning of each event: what follows is done in no time. */
  tick(): void {
    this.nowMs = this.clock.nowMs();
  }

  connectionId(): number {
    return this.#nextConnectionId++;
  }

  /** Connections of clients and to endpoints, and temporary files. */
  get descriptors(): number {
    return this.counters.active + this.upstreams.liveConnections + countUnnamed();
  }

  /** A further connection to an endpoint is allowed: a third more than clients alone may take up. */
  get mayConnect(): boolean {
    return this.descriptors * 3 < this.maxDescriptors * 4;
  }

  /** Time in which a client must read some of its response; shorter while the backlog of all clients is full. */
  sendTimeoutMs(ms: number): number {
    return this.backlog.full ? Math.min(ms, CROWDED_SEND_MS) : ms;
  }

  /** A connection was refused for want of descriptors. */
  tellFull(): void {
    this.#tellSeldom("error", "connections are refused: too many files are open (ulimit -n, LimitNOFILE=)", {
      connections: this.descriptors,
    });
  }

  /** A response is kept in memory only, for want of a file. */
  tellNoFile(error: Error): void {
    this.#tellSeldom("warning", "buffered responses wait for their clients: the temporary file failed", {
      error: error.message,
    });
  }

  /** The body of a request cannot be kept, for want of a file. */
  tellNoSpool(error: Error): void {
    this.#tellSeldom("error", "requests are answered with 500: the temporary file for their bodies failed (TMPDIR)", {
      error: error.message,
    });
  }

  /** A connection was cut because its client asked for more than it brought. */
  tellFlood(client: string, message: string): void {
    this.#floods++;
    const fields = { client, message, count: this.#floods };
    if (this.#tellSeldom("warning", "HTTP/2 connections are closed because of a flood of frames", fields)) {
      this.#floods = 0;
    }
  }

  /** What may happen to many clients at a time is told once in a while. Returns whether it was. */
  #tellSeldom(level: "warning" | "error", what: string, fields: Readonly<Record<string, LogValue>>): boolean {
    const nowMs = this.clock.elapsedMs();
    if (nowMs - (this.#toldMs.get(what) ?? -Infinity) < TOLD_EVERY_MS) return false;
    this.#toldMs.set(what, nowMs);
    this.logger[level](what, fields);
    return true;
  }

  /** Does what an event of a connection asks for. An error of our own then costs that connection, and no other. */
  guard(connection: { cut(): void }, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.internalError(error);
      connection.cut();
    }
  }

  /** An exception that nothing expects: see {@link InternalErrorLog}. */
  internalError(error: unknown): void {
    this.internalErrors.report(error, "exchange");
  }
}
