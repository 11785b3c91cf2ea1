/**
 * The first module of the program that is run, before any other one: a signal that comes in the first milliseconds, while
 * the rest is being loaded, does not end it. Of no effect where the library is part of another program.
 *
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CONTROL_SIGNALS, holdSignals, WORKER_SIGNALS } from "../runtime/hold-signals.ts";

/** See version.ts: there in an executable of ours. */
declare const SALLYPORT_VERSION: string | undefined;

function isProgram(): boolean {
  return typeof SALLYPORT_VERSION === "string" ||
    process.argv[1] === fileURLToPath(new URL("../../mod.ts", import.meta.url));
}

const [, , command = "run"] = process.argv;
if (isProgram()) {
  if (command === "worker") holdSignals(WORKER_SIGNALS);
  else if (command === "run" || command.startsWith("-")) holdSignals(CONTROL_SIGNALS);
}
