/**
 * `sallyport check`: reads folders, compiles, and prints what is wrong.
 *
 * @module
 */
import { createCompiler } from "../compiler/mod.ts";
import type { Diagnostic, Severity } from "../diagnostic.ts";
import { ManifestFolderError, pinpoint, readManifests } from "../kube/mod.ts";
import type { VirtualHost } from "../snapshot/mod.ts";
import { formatDiagnostics } from "./check-format.ts";
import { EXIT_FAILURE, EXIT_OK, FatalError } from "./exit.ts";
import { COMPILE_FLAGS } from "./flag/compile-flags.ts";
import { GENERAL_FLAGS } from "./flag/general-flags.ts";
import { bool, choice } from "./flag/kind.ts";
import { parseFlags, UsageError } from "./flag/parse.ts";
import { RUN_FLAGS } from "./flag/run-flags.ts";
import { printCommandHelp, printVersion } from "./help.ts";
import { writeAll } from "./output.ts";
import { checkCompileFlags, compilerOptions } from "./settings.ts";

const USAGE = `Usage: sallyport check DIR... [flags]

Reads the folders as run does, and prints one line for each finding:
  FILE:LINE:COLUMN: SEVERITY: OBJECT: FIELD or ANNOTATION: MESSAGE; EFFECT [REASON]
The exit status is 1 when there are errors, 2 for a command line that cannot be used, else 0.
`;

/** Flags of `check`. */
const CHECK_FLAGS = {
  "output": choice(["text", "json"], "text", { group: "General", short: "o", doc: "Spelling of the findings." }),
  "quiet": bool(false, { group: "General", short: "q", doc: "Leave out findings that are only informational." }),
  ...COMPILE_FLAGS,
  ...GENERAL_FLAGS,
};

/** What was found in all. */
export interface CheckSummary {
  readonly files: number;
  readonly objects: number;
  /** Those that an Ingress serves something on, `_` for all others among them. */
  readonly hosts: number;
  readonly errors: number;
  readonly warnings: number;
  readonly infos: number;
}

function isServed({ locations }: VirtualHost): boolean {
  return locations.some(({ ingress }) => ingress !== null);
}

/** Prints to standard output. */
export async function check(args: readonly string[]): Promise<number> {
  const { values, rest } = parseFlags(CHECK_FLAGS, args, RUN_FLAGS);
  if (values.help) return printCommandHelp(USAGE, CHECK_FLAGS);
  if (values.version) return printVersion();
  if (rest.length === 0) throw new UsageError("check needs the folders to read");
  checkCompileFlags(values);

  let reading;
  try {
    reading = await readManifests(rest);
  } catch (error) {
    throw error instanceof ManifestFolderError ? new FatalError(error.message) : error;
  }
  const ports = {
    http: RUN_FLAGS["http-port"].default,
    https: RUN_FLAGS["https-port"].default,
    status: RUN_FLAGS["status-port"].default,
  };
  const { snapshot, diagnostics } = createCompiler(compilerOptions(values, ports)).compile(reading.store, []);
  const all = [...reading.diagnostics, ...await pinpoint(diagnostics)];
  const count = (severity: Severity): number => all.filter((d) => d.severity === severity).length;
  const summary: CheckSummary = {
    files: reading.files,
    objects: reading.objects,
    hosts: Object.values(snapshot.virtualHosts).filter(isServed).length,
    errors: count("error"),
    warnings: count("warning"),
    infos: count("info"),
  };
  const shown = values.quiet ? all.filter((d: Diagnostic) => d.severity !== "info") : all;
  writeAll(1, formatDiagnostics(values.output, shown, summary));
  return summary.errors > 0 ? EXIT_FAILURE : EXIT_OK;
}
