/**
 * How the program ends.
 *
 * @module
 */

/** Everything was done. */
export const EXIT_OK = 0;
/** The work failed: a port in use, a folder that does not exist, errors found by `check`. */
export const EXIT_FAILURE = 1;
/** The command line cannot be used. */
export const EXIT_USAGE = 2;

/** A reason to end that concerns the user, not the programmer: printed without a stack. */
export class FatalError extends Error {
  override readonly name = "FatalError";
}

/** Status of a process that a signal ends, as shells show it. */
export function exitOfSignal(signal: "SIGINT" | "SIGTERM"): number {
  return 128 + (signal === "SIGINT" ? 2 : 15);
}
