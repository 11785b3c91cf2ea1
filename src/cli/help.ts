/**
 * `--help` and `--version`.
 *
 * @module
 */
import process from "node:process";
import { runtime } from "../runtime/mod.ts";
import { EXIT_OK } from "./exit.ts";
import type { FlagSet } from "./flag/declaration.ts";
import { formatFlags } from "./flag/help.ts";
import { RUN_FLAGS } from "./flag/run-flags.ts";
import { writeAll } from "./output.ts";
import { VERSION } from "./version.ts";

const OVERVIEW = `Sallyport: Kubernetes Ingress controller and edge proxy in one executable.

Usage:
  sallyport [run] --manifests DIR [flags]   serve the Ingresses of a folder
  sallyport check PATH... [-o json]         read folders, files or "-" and say what is wrong
  sallyport echo --port N [--name NAME]     a backend that answers with what it received
  sallyport version
  sallyport help [COMMAND]

Flags of run:`;

/** Prints the help of all commands. */
export function printHelp(): number {
  writeAll(1, OVERVIEW + "\n" + formatFlags(RUN_FLAGS, columns()));
  return EXIT_OK;
}

/** Prints the version of the program and of the runtime. */
export function printVersion(): number {
  const { name, version } = runtime();
  writeAll(1, `sallyport ${VERSION} (${name} ${version}, ${process.platform} ${process.arch})\n`);
  return EXIT_OK;
}

/** Prints the help of a command: its usage, then its flags. */
export function printCommandHelp(usage: string, flags: FlagSet): number {
  writeAll(1, `${usage}${formatFlags(flags, columns())}`);
  return EXIT_OK;
}

function columns(): number {
  return process.stdout.columns || 80;
}
