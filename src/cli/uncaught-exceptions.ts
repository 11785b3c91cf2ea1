/**
 * Exceptions and rejections that nothing catches: each costs its request, and the process goes on.
 *
 * @module
 */
import process from "node:process";
import type { InternalErrorLog } from "../observe/mod.ts";

/** Reports uncaught exceptions and rejections in place of ending the process. */
export function surviveExceptions(errors: InternalErrorLog): void {
  // the process goes on when the reader of its standard output, which takes the access log, has gone
  process.stdout.on("error", () => {});
  process.on("uncaughtException", (error) => errors.report(error, "uncaught exception"));
  process.on("unhandledRejection", (error) => errors.report(error, "unhandled rejection"));
}
