/**
 * The whole program: source, controller, data plane or workers, and admin ports, put together.
 *
 * @module
 */
import {
  type AdminListener,
  type AdminSource,
  createHealthApp,
  createStatusApp,
  processFamilies,
  serveApp,
} from "../admin/mod.ts";
import { type CompilerOptions, createCompiler, createLastGood } from "../compiler/mod.ts";
import { compilationLog, Controller, logDiagnostics } from "../controller/mod.ts";
import type { Diagnostic } from "../diagnostic.ts";
import {
  locateDiagnostics,
  ManifestFolderError,
  objectKey,
  type ObjectSource,
  ObjectSources,
  type Store,
} from "../kube/mod.ts";
import type { InternalErrorLog, Logger } from "../observe/mod.ts";
import { listenOnAll } from "../runtime/mod.ts";
import type { Snapshot } from "../snapshot/mod.ts";
import { FatalError } from "./exit.ts";
import { findUnresolvedNames } from "./external-names.ts";
import { diagnoseListeners, tellListenError } from "./listen.ts";
import { type MetricsSettings, ProgramMetrics } from "./program-metrics.ts";
import { Serving, type WorkerSettings } from "./serving.ts";

/** Options of a program. */
export interface ProgramOptions {
  /** Where objects come from. Earlier ones win over later ones. */
  readonly sources: readonly ObjectSource[];
  readonly compiler: CompilerOptions;
  /** Empty: all addresses. */
  readonly bindAddress: string;
  /** Port of HTTP; 0: any free one, see {@link Program.ports}. */
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly healthzPort: number;
  /** Empty: all addresses. */
  readonly healthzHost: string;
  readonly healthCheckPath: string;
  readonly statusPort: number;
  /** `null`: metrics of the process only. */
  readonly metrics: MetricsSettings | null;
  readonly workers: WorkerSettings;
  readonly logger: Logger;
  readonly internalErrors: InternalErrorLog;
}

/** Numbers of the open ports. */
export interface ProgramPorts {
  readonly http: number;
  readonly https: number;
  readonly healthz: number;
  readonly status: number;
}

/**
 * Looks the places of diagnostics up in the store: a diagnostic stays when its object moves within a file or to another
 * one.
 */
function locate(diagnostics: readonly Diagnostic[], store: Store): Promise<Diagnostic[]> {
  return locateDiagnostics(diagnostics.map((diagnostic) => {
    const { object, source } = diagnostic;
    if (object === undefined || source === undefined) return diagnostic;
    const present = store.get(objectKey(object.kind, object.namespace, object.name));
    return present === undefined ? diagnostic : { ...diagnostic, source: present.source };
  }));
}

/** Serves a folder of manifests. */
export class Program {
  readonly #options: ProgramOptions;
  readonly #sources: ObjectSources;
  readonly #controller: Controller;
  readonly #serving: Serving;
  readonly #metrics: ProgramMetrics | null;
  #healthz: AdminListener | undefined;
  #status: AdminListener | undefined;
  #unready: string | null = "starting";

  constructor(options: ProgramOptions) {
    this.#options = options;
    const { logger, internalErrors, workers } = options;
    this.#metrics = options.metrics === null ? null : new ProgramMetrics(options.metrics);
    this.#serving = new Serving({ workers, logger, internalErrors, metrics: this.#metrics });
    // it is kept when a compiler has failed and a new one is made
    const lastGood = createLastGood();
    this.#sources = new ObjectSources(options.sources, {
      onChange: (changes) => this.#controller.changed(changes),
      onDiagnostics: (news) => void logDiagnostics(logger, news),
      onState: (source) => tellSourceState(logger, source),
    });
    this.#controller = new Controller({
      view: this.#sources.store,
      createCompiler: () => createCompiler({ ...options.compiler, lastGood }),
      publish: (update, target) => {
        this.#metrics?.hosts(update);
        return this.#serving.apply(update, target);
      },
      logger,
      observers: [
        compilationLog(logger, (diagnostics) => locate(diagnostics, this.#sources.store)),
        // Name servers may be slow: the start does not wait for them.
        { published: ({ first, snapshot }) => void (first && this.#tellUnresolvedNames(snapshot)) },
      ],
    });
  }

  /**
   * Reads, compiles, listens; resolves when requests are served.
   *
   * @throws {FatalError} when a folder is missing or a port cannot be had
   */
  async start(): Promise<void> {
    await this.#listenAdmin();
    try {
      await this.#sources.start();
    } catch (error) {
      throw error instanceof ManifestFolderError ? new FatalError(error.message) : error;
    }
    await this.#controller.start();
    await this.#listen();
    this.#unready = null;
  }

  /** True from the end of {@link Program.start} to {@link Program.leave}, while requests are served. */
  get serving(): boolean {
    return this.#unready === null;
  }

  get ports(): ProgramPorts {
    return { ...this.#serving.ports, healthz: this.#healthz?.port ?? 0, status: this.#status?.port ?? 0 };
  }

  /** Makes the health check fail; requests are still served. */
  leave(): void {
    this.#unready = "shutting down";
  }

  /** Lets requests in flight end within worker-shutdown-timeout, and closes everything but the admin ports. */
  async drain(): Promise<void> {
    this.leave();
    this.#controller.stop();
    await this.#sources.stop();
    const graceMs = this.#controller.state.snapshot?.globals.workerShutdownTimeoutMs ?? 0;
    await this.#serving.close(graceMs);
  }

  /** Ends worker processes at once, so that this process can end at once too. */
  kill(): void {
    this.#serving.kill();
  }

  /** Closes the admin ports, the last ones open. */
  async close(): Promise<void> {
    await Promise.all([this.#healthz?.close(), this.#status?.close()]);
  }

  /** Reads all manifests again, even without a change. */
  reread(): void {
    this.#sources.rescan();
  }

  /** Opens the files of the access log again; resolves when this process has done so, workers follow. */
  reopenLogs(): Promise<void> {
    return this.#serving.reopenLogs();
  }

  /** Logs external names without an address at the start; later, failed requests are logged. Never rejects. */
  async #tellUnresolvedNames(snapshot: Snapshot): Promise<void> {
    const found = await findUnresolvedNames(snapshot, this.#sources.store);
    await logDiagnostics(this.#options.logger, found, (diagnostics) => locate(diagnostics, this.#sources.store));
  }

  async #listenAdmin(): Promise<void> {
    const { healthCheckPath, healthzHost, healthzPort, internalErrors, statusPort } = this.#options;
    const report = (error: unknown): void => internalErrors.report(error, "admin");
    const source = this.#adminSource();
    const health = createHealthApp({
      source,
      path: healthCheckPath,
      metrics: () => [...processFamilies(), ...this.#metrics?.families(source) ?? []],
    });
    this.#healthz = await listenOnAll(healthzHost, (host) => serveApp(health, host, healthzPort, report))
      .catch((error) => tellListenError(error, healthzHost, healthzPort, "--healthz-port"));
    const status = createStatusApp({ source, healthPath: healthCheckPath });
    this.#status = await serveApp(status, "127.0.0.1", statusPort, report)
      .catch((error) => tellListenError(error, "127.0.0.1", statusPort, "--status-port"));
  }

  async #listen(): Promise<void> {
    const { bindAddress, httpPort, httpsPort } = this.#options;
    await this.#serving.listen().catch((error) =>
      tellListenError(error, bindAddress, undefined, `--http-port ${httpPort} or --https-port ${httpsPort}`)
    );
  }

  /** Diagnostics of the source and of the listeners. */
  #ownDiagnostics(): readonly Diagnostic[] {
    return [...this.#sources.diagnostics(), ...diagnoseListeners(this.#serving.listenFailures)];
  }

  #adminSource(): AdminSource {
    const controller = this.#controller;
    return {
      unready: () => this.#unready,
      sources: () => this.#sources.sources,
      snapshot: () => controller.state.snapshot,
      diagnostics: () => [...this.#ownDiagnostics(), ...controller.state.diagnostics],
      locatedDiagnostics: async () => [
        ...this.#ownDiagnostics(),
        ...await locate(controller.state.diagnostics, this.#sources.store),
      ],
      serving: () => this.#serving.counters(),
      refresh: () => this.#serving.refresh(),
      updates: () => controller.state,
    };
  }
}

/** The start has lines of its own. */
function tellSourceState(logger: Logger, { name, state }: ObjectSource): void {
  if (state.kind === "degraded") {
    logger.warning("object source is degraded: changes may be missed", { source: name, reason: state.reason });
  } else {
    logger.debug("object source", { source: name, state: state.kind });
  }
}
