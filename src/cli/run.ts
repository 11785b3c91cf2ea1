/**
 * `sallyport run`: serves folders of manifests until a signal ends it.
 *
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ManifestSource } from "../kube/mod.ts";
import { availableCores, InternalErrorLog, type Logger, openFileLimit, stderrLogger } from "../observe/mod.ts";
import { runtime } from "../runtime/mod.ts";
import { EXIT_OK } from "./exit.ts";
import { parseFlags } from "./flag/parse.ts";
import { RUN_FLAGS } from "./flag/run-flags.ts";
import { printHelp, printVersion } from "./help.ts";
import { Program, type ProgramOptions } from "./program.ts";
import { checkRunFlags, compilerOptions, givenInState, logLevel, type RunFlags } from "./settings.ts";
import { shutdownOnSignal } from "./shutdown.ts";
import { surviveExceptions } from "./uncaught-exceptions.ts";
import { VERSION } from "./version.ts";

/** Limits of open files below this one are logged. */
const FEW_OPEN_FILES = 4096;
/** Main module of a worker where the program runs from its source. */
const WORKER_ENTRY = fileURLToPath(new URL("./worker-entry.ts", import.meta.url));

/** Resolves when the program has been shut down. */
export async function run(args: readonly string[]): Promise<number> {
  const startedAtMs = performance.now();
  const parsed = parseFlags(RUN_FLAGS, args);
  const { values } = parsed;
  if (values.help) return printHelp();
  if (values.version) return printVersion();
  checkRunFlags(parsed);

  const { logger, sink } = stderrLogger(values["log-format"], logLevel(values), runtime().errorOutput);
  const internalErrors = new InternalErrorLog(logger);
  const program = new Program({
    sources: [new ManifestSource({ folders: values.manifests, logger })],
    compiler: compilerOptions(values, {
      http: values["http-port"],
      https: values["https-port"],
      status: values["status-port"],
      bindAddress: values["bind-address"],
    }),
    bindAddress: values["bind-address"],
    httpPort: values["http-port"],
    httpsPort: values["https-port"],
    healthzPort: values["healthz-port"],
    healthzHost: values["healthz-host"],
    healthCheckPath: values["health-check-path"],
    statusPort: values["status-port"],
    metrics: metricsOf(values),
    workers: workersOf(values),
    logger,
    internalErrors,
  });
  const ended = shutdownOnSignal({
    program,
    logger,
    sink,
    graceMs: values["shutdown-grace-period"] * 1000,
    // The default period is for clusters; with manifests from files it holds only when it is given.
    postGraceMs: parsed.given.includes("post-shutdown-grace-period") ? values["post-shutdown-grace-period"] * 1000 : 0,
  });
  surviveExceptions(internalErrors);
  logger.info("sallyport starts", { version: VERSION, runtime: `${runtime().name} ${runtime().version}` });
  tellIdleFlags(logger, parsed);
  tellFewOpenFiles(logger);
  try {
    await program.start();
  } catch (error) {
    program.kill();
    await sink.flush(1000);
    throw error;
  }
  // Memory that reading and compiling needed is given back before the traffic starts.
  runtime().collectGarbage();
  const { http, https, healthz, status } = program.ports;
  logger.info("serving", {
    http,
    https,
    healthz,
    status,
    ms: Math.round(performance.now() - startedAtMs),
    residentMb: Math.round(runtime().residentBytes() / 1e6),
  });
  await ended;
  return EXIT_OK;
}

function metricsOf(values: RunFlags["values"]): ProgramOptions["metrics"] {
  if (!values["enable-metrics"]) return null;
  return {
    namespace: process.env["POD_NAMESPACE"] ?? "",
    pod: process.env["POD_NAME"] ?? "",
    controllerClass: values["controller-class"],
    perHost: values["metrics-per-host"],
    undefinedHosts: values["metrics-per-undefined-host"],
    statusClasses: values["report-status-classes"],
    timeBuckets: values["time-buckets"],
    lengthBuckets: values["length-buckets"],
    sizeBuckets: values["size-buckets"],
    exclude: values["exclude-socket-metrics"],
  };
}

function workersOf(values: RunFlags["values"]): ProgramOptions["workers"] {
  const { standalone, selfCommand } = runtime();
  const self = standalone ? [...selfCommand(), "worker"] : selfCommand(WORKER_ENTRY);
  return {
    count: values.workers,
    // Elsewhere the kernel gives all connections of a shared port to one process.
    cores: process.platform === "linux" ? availableCores() : 1,
    title: "sallyport",
    command: [...self, `--log-format=${values["log-format"]}`, `--log-level=${logLevel(values)}`],
  };
}

/** Logs the flags that have no effect. */
function tellIdleFlags(logger: Logger, parsed: RunFlags): void {
  for (const flag of givenInState(RUN_FLAGS, parsed, "not-yet")) logger.warning("flag is not honoured yet", { flag });
  const cluster = givenInState(RUN_FLAGS, parsed, "cluster-only");
  if (cluster.length > 0) {
    logger.info("flags that concern the Kubernetes API have no effect on manifests from files", {
      flags: cluster.join(" "),
    });
  }
}

function tellFewOpenFiles(logger: Logger): void {
  const limit = openFileLimit();
  if (limit === undefined || limit >= FEW_OPEN_FILES) return;
  logger.warning("the limit of open files is low and bounds the connections: raise it (ulimit -n, LimitNOFILE=)", {
    limit,
  });
}
