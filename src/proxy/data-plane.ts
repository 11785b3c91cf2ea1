/**
 * The data plane as the rest of the program sees it: fed by snapshot updates, it listens, proxies, logs and counts. It
 * depends on nothing but the snapshot, so it runs as well in a worker process fed over IPC.
 *
 * @module
 */
import type { Exchange } from "../http/mod.ts";
import {
  FailureLog,
  type FailureLogOptions,
  failuresTo,
  InternalErrorLog,
  type Logger,
  openFileLimit,
  type StubStatus,
  systemClock,
} from "../observe/mod.ts";
import { listenOnAll } from "../runtime/mod.ts";
import { CATCH_ALL, type Listener, type SnapshotUpdate } from "../snapshot/snapshot.ts";
import { ListenError } from "./listen-error.ts";
import type { FrontPort } from "./listener/mod.ts";
import { ListenerSet, type ListenFailure, placeOf } from "./listener-set.ts";
import { AccessLogger, builtInLocations, Pipeline, Tables, type TablesOptions } from "./pipeline/mod.ts";
import { type KeyPair, TlsFront } from "./tls/mod.ts";
import { Wire } from "./wire.ts";
import type { ServerExchange, StreamHandler } from "./contract.ts";
import { type CountsDelta, KeptState } from "./state/mod.ts";
import { Subrequests } from "./subrequest/subrequests.ts";
import { compileWireSettings } from "./wire-settings.ts";

/** What a data plane is made with. */
export interface DataPlaneOptions {
  readonly logger: Logger;
  /**
   * Takes access log lines when access-log-path is `stdout` (whole lines, seldom more than 64 KB a call); resolves
   * when they are written. Default: the standard output of the process.
   */
  readonly accessLog?: (lines: Uint8Array) => Promise<void>;
  /** Told of every exchange that is over, whether it is logged or not. Must be quick, and not keep it. */
  readonly onEnd?: (exchange: Exchange) => void;
  /** Takes what is to be told of requests that no upstream answered. Default: the logger. */
  readonly failures?: FailureLogOptions;
  /** Takes exceptions that no code expects. Default: one that writes to the logger. */
  readonly internalErrors?: InternalErrorLog;
  /** The certificate for names that have none, asked for when it is needed. Default: one that is made then. */
  readonly selfSigned?: () => Promise<KeyPair>;
  /** Policies in order of execution. Default: those of the policy room. */
  readonly modules?: TablesOptions["modules"];
  /** Tells the other processes what was added to the counts that are shared with them. Default: there are none. */
  readonly tellCounts?: (deltas: readonly CountsDelta[]) => void;
  /** Takes connections of tcp ports and those that are passed through. Default: such ports cannot be opened. */
  readonly stream?: StreamHandler;
  /** Told when a port was opened or closed, or could not be had. */
  readonly onListeners?: () => void;
  /** What /nginx_status tells. Default: the counters of this data plane. */
  readonly status?: () => StubStatus | Promise<StubStatus>;
}

/** How the listeners of the snapshot are opened. */
export interface ListenOptions {
  /** SO_REUSEPORT: several processes listen on the same ports. Default: false. */
  readonly reusePort?: boolean;
  /** Only these are opened, each on this number; by {@link placeOf}. Default: all, where they say. */
  readonly ports?: Readonly<Record<string, number>>;
}

/** What happened since the start; plain numbers, so that those of several workers can be summed. */
export interface DataPlaneCounters {
  /** Connections accepted. */
  readonly accepted: number;
  /** Connections open now. */
  readonly active: number;
  /** Requests ended. */
  readonly requests: number;
  /** Requests in flight now. */
  readonly inFlight: number;
  /** Internal errors: exceptions that no code expects. */
  readonly internalErrors: number;
  /** Requests answered with 400, because a rewrite made a path with a segment `.` or `..` of theirs. */
  readonly unsafePaths: number;
  /** Snapshot updates applied. */
  readonly updates: number;
}

/** Files, pipes and listeners of the process itself. */
const OWN_DESCRIPTORS = 40;

/** The data plane of one process. */
export class DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #tables: Tables;
  readonly #failures: FailureLog;
  readonly #internalErrors: InternalErrorLog;
  readonly #pipeline: Pipeline;
  readonly #accessLogger: AccessLogger;
  readonly #tls: TlsFront;
  /** Made by the first update, which tells its limits. */
  #wire: Wire | null = null;
  /** Made together with the wire. */
  #subrequests: Subrequests | null = null;
  readonly #state: KeptState;
  readonly #listeners: ListenerSet;
  /** By name, as the snapshot has them. */
  readonly #wanted = new Map<string, Listener>();
  /** `null`: listening has not begun, or has ended. */
  #listen: ListenOptions | null = null;
  #updates = 0;
  #closed: Promise<void> | null = null;

  constructor(options: DataPlaneOptions) {
    const { logger } = options;
    this.#options = options;
    this.#internalErrors = options.internalErrors ?? new InternalErrorLog(logger);
    this.#tls = new TlsFront({
      logger,
      applicationProtocols: ["h2", "http/1.1"],
      serves: (name) => this.#tables.match(name)?.value.host.name !== CATCH_ALL,
      hostFor: (name) => this.#tables.match(name)?.value.host,
      ...options.selfSigned === undefined ? {} : { selfSigned: options.selfSigned },
    });
    this.#state = new KeptState({
      clock: systemClock,
      ...options.tellCounts === undefined ? {} : { tell: options.tellCounts },
    });
    this.#tables = new Tables({
      logger,
      state: this.#state,
      hasCertificate: (host) => this.#tls.has(host),
      subrequest: (exchange, request) => this.#subrequests!.request(exchange as ServerExchange, request),
      ...options.modules === undefined ? {} : { modules: options.modules },
      onLeave: (endpoints) => this.#wire?.drain(endpoints),
      catchAllLocations: builtInLocations(options.status ?? (() => this.counters())),
    });
    this.#listeners = new ListenerSet({
      open: (listener, current) => this.#open(listener, current),
      clock: systemClock,
      logger,
      ...options.onListeners === undefined ? {} : { changed: options.onListeners },
    });
    this.#accessLogger = new AccessLogger(logger, options.accessLog);
    this.#failures = new FailureLog(options.failures ?? failuresTo(logger));
    this.#pipeline = new Pipeline({
      internalErrors: this.#internalErrors,
      failures: this.#failures,
      tables: this.#tables,
      log: (exchange, quiet) => this.#ended(exchange, quiet),
    });
  }

  /**
   * Takes over what changed; the first update must hold everything. Requests in flight end on the former tables. Ports that
   * are no longer wanted are closed at once, new ones open as soon as they can be had; no connection is touched.
   */
  apply(update: SnapshotUpdate): void {
    this.#tls.apply(update);
    this.#tables.apply(update);
    if (update.globals !== undefined) {
      this.#accessLogger.configure(update.globals.accessLog);
      const settings = compileWireSettings(update.globals);
      if (this.#wire === null) {
        this.#wire = new Wire({
          handler: this.#pipeline,
          settings,
          logger: this.#options.logger,
          clock: systemClock,
          internalErrors: this.#internalErrors,
          ...this.#options.stream === undefined ? {} : { stream: this.#options.stream },
          maxDescriptors: Math.floor(((openFileLimit() ?? Infinity) - OWN_DESCRIPTORS) * 0.75),
        });
        this.#subrequests = this.#makeSubrequests(this.#wire);
      } else this.#wire.update(settings);
    }
    for (const name of update.listeners.remove) this.#wanted.delete(name);
    for (const listener of update.listeners.set) this.#wanted.set(listener.name, listener);
    if (update.listeners.set.length + update.listeners.remove.length > 0) void this.#follow();
    this.#updates++;
  }

  #makeSubrequests(wire: Wire): Subrequests {
    return new Subrequests({
      logger: this.#options.logger,
      derive: (handler) => wire.derive(handler),
      upstream: (name) => this.#tables.upstream(name),
      isOwn: ({ address, port }) => wire.listensAt(address, port),
    });
  }

  /**
   * Opens the listeners of the snapshot, and follows it from then on; call {@link DataPlane.apply} first. Rejects with a
   * {@link ListenError} when a port of HTTP cannot be had at first; any other is tried again until it can. Called again,
   * it takes over other options.
   */
  async listen(options: ListenOptions = {}): Promise<void> {
    if (this.#wire === null) throw new TypeError("a data plane needs a first update before it listens");
    const first = this.#listen === null;
    this.#listen = options;
    await this.#follow();
    if (!first) return;
    const failure = this.#listeners.failures.find(({ listener }) => isWeb(listener));
    if (failure === undefined) return;
    this.#listen = null;
    this.#listeners.close();
    throw new ListenError(failure.code, failure.message, failure.listener.port);
  }

  #follow(): Promise<void> {
    if (this.#listen === null) return Promise.resolve();
    const { ports } = this.#listen;
    const wanted = [...this.#wanted.values()];
    return this.#listeners.update(
      ports === undefined ? wanted : wanted.filter((listener) => Object.hasOwn(ports, placeOf(listener))),
    );
  }

  #open(listener: Listener, current: () => Listener): Promise<FrontPort> {
    const wire = this.#wire;
    if (wire === null) throw new TypeError("a data plane needs a first update before it listens");
    const port = this.#listen?.ports?.[placeOf(listener)] ?? listener.port;
    const reusePort = this.#listen?.reusePort ?? false;
    return listenOnAll(
      listener.address,
      (address) => wire.listen({ address, port, reusePort, tls: this.#tls, spoken: current }),
    );
  }

  /** Numbers of the open ports `http` and `https`; 0: not open. */
  get ports(): { readonly http: number; readonly https: number } {
    return { http: this.port("http"), https: this.port("https") };
  }

  /** Number of the open port of a listener; 0: not open. */
  port(name: string): number {
    return this.#listeners.port(name) ?? 0;
  }

  /** Listeners whose port cannot be had. */
  get listenFailures(): readonly ListenFailure[] {
    return this.#listeners.failures;
  }

  /**
   * Opens the file of the access log again, under its name: what was logged so far is in the former one, which may have
   * been renamed. Resolves when that is done.
   */
  reopenLogs(): Promise<void> {
    return this.#accessLogger.reopen();
  }

  /**
   * Stops accepting, closes idle connections, lets requests in flight end for at most `graceMs` milliseconds, cuts the
   * rest, then writes out the access log.
   */
  close(graceMs: number): Promise<void> {
    return this.#closed ??= this.#close(graceMs);
  }

  async #close(graceMs: number): Promise<void> {
    this.#listen = null;
    this.#listeners.close();
    await this.#wire?.close(graceMs);
    this.#subrequests?.close();
    this.#tables.close();
    this.#state.close();
    this.#failures.flush();
    await this.#accessLogger.close();
  }

  /** Other processes have added that to the counts that are shared with them. */
  receiveCounts(deltas: readonly CountsDelta[]): void {
    this.#state.receive(deltas);
  }

  counters(): DataPlaneCounters {
    const wire = this.#wire?.counters;
    return {
      accepted: wire?.accepted ?? 0,
      active: wire?.active ?? 0,
      requests: this.#pipeline.requests,
      inFlight: wire?.inFlight ?? 0,
      internalErrors: this.#internalErrors.count,
      unsafePaths: this.#pipeline.unsafePaths,
      updates: this.#updates,
    };
  }

  #ended(exchange: Exchange, quiet: boolean): void {
    if (!quiet) this.#accessLogger.write(exchange);
    this.#options.onEnd?.(exchange);
  }
}

/** Without these the program is of no use to anybody. */
export function isWeb({ protocol }: Listener): boolean {
  return protocol === "http" || protocol === "https";
}
