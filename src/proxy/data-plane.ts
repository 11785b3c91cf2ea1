/**
 * The data plane: fed by snapshot updates, it listens, proxies, logs and counts. It depends on the snapshot only, so it
 * also runs in a worker process.
 *
 * @module
 */
import type { Exchange } from "../http/mod.ts";
import {
  createLogger,
  FailureLog,
  type FailureLogOptions,
  failuresTo,
  InternalErrorLog,
  type Logger,
  openFileLimit,
  type StubStatus,
  systemClock,
} from "../observe/mod.ts";
import type { PolicyModule } from "../policy/mod.ts";
import { listenOnAll } from "../runtime/mod.ts";
import { CATCH_ALL, type Globals, type Listener, type SnapshotUpdate } from "../snapshot/snapshot.ts";
import { ListenError } from "./listen-error.ts";
import type { FrontPort } from "./listener/mod.ts";
import { ListenerSet, type ListenFailure, placeOf } from "./listener-set.ts";
import { AccessLogger, builtInLocations, type MiddlewareRule, Pipeline, Tables } from "./pipeline/mod.ts";
import { type KeyPair, TlsFront } from "./tls/mod.ts";
import { Wire } from "./wire.ts";
import type { ServerExchange, StreamHandler } from "./contract.ts";
import { type CountsDelta, KeptState } from "./state/mod.ts";
import { Subrequests } from "./subrequest/mod.ts";
import { compileWireSettings, headLengthsOf } from "./wire-settings.ts";

/** Options of a data plane. Each has a default. */
export interface DataPlaneOptions {
  /** Default: warnings and errors as text on standard error. */
  readonly logger?: Logger;
  /**
   * Hono middleware by host and path, in order. They run for requests that are about to be proxied, or answered with 404
   * because no Ingress has their path: after what the Ingress itself does and checks, which none of them sees, or can open.
   */
  readonly middleware?: readonly MiddlewareRule[];
  /**
   * Takes access log lines when access-log-path is `stdout` (whole lines, seldom more than 64 KB a call); resolves
   * when they are written. Default: the standard output of the process.
   */
  readonly accessLog?: (lines: Uint8Array) => Promise<void>;
  /**
   * Called with every exchange that is over, logged or not. It must be quick and must not keep the exchange, which is used
   * again for other requests.
   */
  readonly onEnd?: (exchange: Exchange) => void;
  /** Takes failures of requests that no upstream answered. Default: they are written to the logger. */
  readonly failures?: FailureLogOptions;
  /** Takes exceptions that no code expects. Default: one that writes to the logger. */
  readonly internalErrors?: InternalErrorLog;
  /** Makes the certificate for names without one, when it is needed. Default: a self-signed one. */
  readonly selfSigned?: () => Promise<KeyPair>;
  /** Policies in order of execution. Default: those of the policy room. */
  readonly modules?: readonly PolicyModule<unknown>[];
  /** Sends changes of shared counts to the other processes. Default: there are none. */
  readonly tellCounts?: (deltas: readonly CountsDelta[]) => void;
  /** Takes connections of tcp ports and of hosts that are passed through. Default: such ports cannot be opened. */
  readonly stream?: StreamHandler;
  /** Called when a port was opened or closed, or cannot be opened. */
  readonly onListeners?: () => void;
  /** Returns the values of /nginx_status. Default: the counters of this data plane. */
  readonly status?: () => StubStatus | Promise<StubStatus>;
}

/** Options for opening the listeners of the snapshot. */
export interface ListenOptions {
  /** SO_REUSEPORT: several processes listen on the same ports. Default: false. */
  readonly reusePort?: boolean;
  /** Listeners to open and their port numbers, by {@link placeOf}. Default: all, on the ports of the snapshot. */
  readonly ports?: Readonly<Record<string, number>>;
}

/** Counters since the start; plain numbers, so that those of workers can be summed. */
export interface DataPlaneCounters {
  /** Connections accepted. */
  readonly accepted: number;
  /** Connections open now. */
  readonly active: number;
  /** Requests ended. */
  readonly requests: number;
  /** Requests in flight now. */
  readonly inFlight: number;
  /** Subrequests begun. */
  readonly subrequests: number;
  /** Subrequests without a complete response; those of clients that have gone do not count. */
  readonly subrequestFailures: number;
  /** Subrequests in flight now. */
  readonly subrequestsInFlight: number;
  /** Internal errors: exceptions that no code expects. */
  readonly internalErrors: number;
  /** Requests answered with 400 because a rewrite made a path with a segment `.` or `..`. */
  readonly unsafePaths: number;
  /** Snapshot updates applied. */
  readonly updates: number;
}

/** Descriptors for files, pipes and listeners of the process itself. */
const OWN_DESCRIPTORS = 40;

/** The data plane of one process. */
export class DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #logger: Logger;
  readonly #tables: Tables;
  readonly #failures: FailureLog;
  readonly #internalErrors: InternalErrorLog;
  readonly #pipeline: Pipeline;
  readonly #accessLogger: AccessLogger;
  readonly #tls: TlsFront;
  /** Made by the first update, which has its limits. */
  #wire: Wire | null = null;
  #globals: Globals | null = null;
  /** Of {@link Tables.headLengths}, that the settings of the wire are made with. */
  #headLengthsVersion = 0;
  /** Made together with the wire. */
  #subrequests: Subrequests | null = null;
  readonly #state: KeptState;
  readonly #listeners: ListenerSet;
  /** Listeners of the snapshot, by name. */
  readonly #wanted = new Map<string, Listener>();
  /** `null` before listening begins and after it ends. */
  #listen: ListenOptions | null = null;
  #updates = 0;
  #closed: Promise<void> | null = null;

  constructor(options: DataPlaneOptions = {}) {
    const logger = options.logger ?? createLogger({ level: "warning" });
    this.#logger = logger;
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
      ...options.middleware === undefined ? {} : { middleware: options.middleware },
      report: (error) => this.#internalErrors.report(error, "middleware"),
      onLeave: (endpoints) => this.#wire?.drain(endpoints),
      catchAllLocations: builtInLocations(options.status ?? (() => this.counters())),
    });
    this.#listeners = new ListenerSet({
      open: (listener, current) => this.#open(listener, current),
      speaks: ({ protocol }) => protocol !== "tcp" || options.stream !== undefined,
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
   * Applies an update; the first one must be complete. Requests in flight end on the former tables. Ports that are no
   * longer wanted close at once, new ones open as soon as possible; connections stay.
   */
  apply(update: SnapshotUpdate): void {
    this.#tls.apply(update);
    this.#tables.apply(update);
    if (update.globals !== undefined) this.#accessLogger.configure(update.globals.accessLog);
    const globals = this.#globals = update.globals ?? this.#globals;
    const { headLengths } = this.#tables;
    if (globals !== null && (update.globals !== undefined || headLengths.version !== this.#headLengthsVersion)) {
      this.#headLengthsVersion = headLengths.version;
      const settings = compileWireSettings(
        globals,
        headLengths.compile(headLengthsOf(globals), (authority) => this.#tables.match(authority)?.value.host.name),
      );
      if (this.#wire === null) {
        this.#wire = new Wire({
          handler: this.#pipeline,
          settings,
          logger: this.#logger,
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
      logger: this.#logger,
      derive: (handler) => wire.derive(handler),
      upstream: (name) => this.#tables.upstream(name),
      isOwn: ({ address, port }) => wire.listensAt(address, port),
    });
  }

  /**
   * Opens the listeners of the snapshot, and follows their changes; call {@link DataPlane.apply} first. Rejects with a
   * {@link ListenError} when a port of HTTP cannot be opened; any other port is tried again. A further call changes the
   * options.
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
    // As in the snapshot, so that all processes choose the same of two listeners of one port.
    const wanted = [...this.#wanted.values()].sort((a, b) => a.name < b.name ? -1 : 1);
    if (ports === undefined) return this.#listeners.update(wanted);
    const places = new Set<string>();
    return this.#listeners.update(wanted.filter((listener) => {
      const place = placeOf(listener);
      // the giver of the ports reports those that are wanted twice
      if (!Object.hasOwn(ports, place) || places.has(place)) return false;
      places.add(place);
      return true;
    }));
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

  /** Listeners whose port cannot be opened. */
  get listenFailures(): readonly ListenFailure[] {
    return this.#listeners.failures;
  }

  /**
   * Opens the access log file again by its name; lines so far are in the former file, which may have been renamed.
   * Resolves when the new file is open.
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

  /** Takes over changes of shared counts by other processes. */
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
      subrequests: this.#subrequests?.count ?? 0,
      subrequestFailures: this.#subrequests?.failures ?? 0,
      subrequestsInFlight: this.#subrequests?.inFlight ?? 0,
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

/** True for listeners of HTTP and HTTPS, which the program cannot do without. */
export function isWeb({ protocol }: Listener): boolean {
  return protocol === "http" || protocol === "https";
}
