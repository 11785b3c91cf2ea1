/**
 * `sallyport check`: reads manifests, compiles, and prints what is wrong.
 *
 * @module
 */
import { type CompilerOptions, createCompiler } from "../compiler/mod.ts";
import type { Diagnostic, Severity } from "../diagnostic.ts";
import { ManifestFolderError, type ManifestInput, type ReadManifests, readManifests } from "../kube/mod.ts";
import type { VirtualHost } from "../snapshot/mod.ts";
import { type CheckSummary, formatDiagnostics } from "./check-format.ts";
import { findUnresolvedNames } from "./external-names.ts";
import { EXIT_FAILURE, EXIT_OK, FatalError } from "./exit.ts";
import { COMPILE_FLAGS, LISTEN_FLAGS, STATUS_FLAGS } from "./flag/compile-flags.ts";
import { GENERAL_FLAGS } from "./flag/general-flags.ts";
import { bool, choice } from "./flag/kind.ts";
import { parseFlags, UsageError } from "./flag/parse.ts";
import { RUN_FLAGS } from "./flag/run-flags.ts";
import { printCommandHelp, printVersion } from "./help.ts";
import { readStandardInput } from "./input.ts";
import { writeAll } from "./output.ts";
import { checkCompileFlags, compilerOptions, givenInState } from "./settings.ts";

const USAGE = `Usage: sallyport check PATH... [flags]

Reads folders as run does, files of any name, and standard input where PATH is "-". Prints one line for each finding:

  FILE:LINE:COLUMN: SEVERITY: OBJECT: FIELD or ANNOTATION: MESSAGE; EFFECT [REASON]

The exit status is 1 when there are errors, or when something is not served or answers 5xx (an Ingress of another class,
a Service without ready endpoints, an ExternalName without an address, no Ingress at all); 2 for a command line that
cannot be used; else 0.

  helm template . | sallyport check -
  kubectl get ingress,service,endpointslice,secret,configmap -A -o yaml | sallyport check -

`;

/** Flags of `check`: its own, and those of `run` that change what is compiled. */
const CHECK_FLAGS = {
  "output": choice(["text", "json"], "text", { group: "General", short: "o", doc: "Spelling of the findings." }),
  "quiet": bool(false, { group: "General", short: "q", doc: "Leave out findings that are only informational." }),
  "fail-on": choice(["error", "warning"], "error", {
    group: "General",
    doc: "With warning, the exit status is 1 when there are warnings, too.",
  }),
  "offline": bool(false, {
    group: "General",
    doc: "Look up no names: Services of type ExternalName pass unseen.",
  }),
  ...LISTEN_FLAGS,
  ...COMPILE_FLAGS,
  ...STATUS_FLAGS,
  ...GENERAL_FLAGS,
};

/** Bound of standard input, bytes. */
const MAX_INPUT_BYTES = 512 * 1024 * 1024;

function isServed({ locations }: VirtualHost): boolean {
  return locations.some(({ ingress }) => ingress !== null);
}

function isUnserved({ severity, unserved }: Diagnostic): boolean {
  return severity === "error" || unserved === true;
}

/** Prints the diagnostics to standard output; resolves to the exit status. */
export async function check(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(CHECK_FLAGS, args, RUN_FLAGS);
  const { values, rest } = parsed;
  if (values.help) return printCommandHelp(USAGE, CHECK_FLAGS);
  if (values.version) return printVersion();
  if (rest.length === 0) throw new UsageError('check needs the folders or files to read, or "-" for standard input');
  if (rest.filter((path) => path === "-").length > 1) throw new UsageError('"-" can be read only once');
  checkCompileFlags(values);
  const reading = await read(rest);
  const ports = { http: values["http-port"], https: values["https-port"], status: values["status-port"] };
  const options = compilerOptions(values, ports);
  const { snapshot, diagnostics } = createCompiler(options).compile(reading.store, []);
  const hosts = Object.values(snapshot.virtualHosts).filter(isServed).length;
  const all = [
    ...givenInState(CHECK_FLAGS, parsed, "not-yet").map(flagNotHonoured),
    ...reading.diagnostics,
    ...await reading.locate(diagnostics),
    ...values.offline ? [] : await reading.locate(await findUnresolvedNames(snapshot, reading.store)),
  ];
  // No Ingress is served and no diagnostic says why: the paths are probably wrong.
  if (hosts === 0 && !all.some(isUnserved)) all.push(...nothingServed(reading, options, rest));
  const count = (severity: Severity): number => all.filter((d) => d.severity === severity).length;
  const summary: CheckSummary = {
    files: reading.files,
    objects: reading.objects,
    hosts,
    errors: count("error"),
    warnings: count("warning"),
    infos: count("info"),
    unserved: all.filter(isUnserved).length,
  };
  const shown = values.quiet ? all.filter((d) => d.severity !== "info") : all;
  writeAll(1, formatDiagnostics(values.output, shown, summary));
  const failed = summary.unserved > 0 || (values["fail-on"] === "warning" && summary.warnings > 0);
  return failed ? EXIT_FAILURE : EXIT_OK;
}

async function read(paths: readonly string[]): Promise<ReadManifests> {
  const inputs: (string | ManifestInput)[] = [];
  for (const path of paths) {
    if (path !== "-") {
      inputs.push(path);
      continue;
    }
    const bytes = await readStandardInput(MAX_INPUT_BYTES);
    if (bytes === undefined) {
      throw new FatalError(`cannot read manifests from standard input: there are more than ${MAX_INPUT_BYTES} bytes`);
    }
    inputs.push({ name: "<stdin>", bytes });
  }
  try {
    return await readManifests(inputs);
  } catch (error) {
    if (!(error instanceof ManifestFolderError)) throw error;
    if (error.problem !== "missing") throw new FatalError(error.message);
    throw new FatalError(`cannot read manifests "${error.folder}": no such folder or file`);
  }
}

function flagNotHonoured(flag: string): Diagnostic {
  return {
    reason: "FlagNotHonoured",
    severity: "warning",
    field: flag,
    message: `read ${flag}: it is not honoured yet`,
    effect: "it has no effect",
  };
}

function nothingServed({ store }: ReadManifests, options: CompilerOptions, paths: readonly string[]): Diagnostic[] {
  const ingresses = [...store.ingresses()].length;
  if (ingresses === 0 && options.defaultBackendService !== "") return [];
  const where = paths.map((path) => path === "-" ? "standard input" : `"${path}"`).join(", ");
  const none = ingresses === 0 ? "there is none" : `none of the ${ingresses} is to be served`;
  return [{
    reason: "NothingServed",
    severity: "error",
    message: `find an Ingress to serve in ${where}: ${none}`,
    effect: "every request answers 404",
  }];
}
