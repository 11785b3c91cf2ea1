/**
 * The hidden command that `run --workers N` starts N times: a data plane that its parent controls.
 *
 * @module
 */
import process from "node:process";
import { InternalErrorLog, stderrLogger } from "../observe/mod.ts";
import { runtime } from "../runtime/mod.ts";
import { runWorker } from "../worker/mod.ts";
import { FatalError } from "./exit.ts";
import { LOG_FLAGS } from "./flag/general-flags.ts";
import { parseFlags } from "./flag/parse.ts";
import { logLevel } from "./settings.ts";
import { surviveExceptions } from "./uncaught-exceptions.ts";

/** Never resolves: the process ends when its parent says so, or ends. */
export function worker(args: readonly string[]): Promise<number> {
  if (process.send === undefined) throw new FatalError("worker processes are started by run, see --workers");
  const { values } = parseFlags(LOG_FLAGS, args);
  const { logger } = stderrLogger(values["log-format"], logLevel(values), runtime().errorOutput);
  const internalErrors = new InternalErrorLog(logger);
  surviveExceptions(internalErrors);
  runWorker(logger, { internalErrors });
  return new Promise(() => {});
}
