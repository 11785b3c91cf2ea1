/**
 * Makes signals that would end the process have no effect. It is the first module that runs, so that a signal during
 * the load of the others does not end the process. It does nothing where the library is part of another program.
 *
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CONTROL_SIGNALS, holdSignals, WORKER_SIGNALS } from "../runtime/hold-signals.ts";

/** Defined in an executable of this project, see version.ts. */
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
