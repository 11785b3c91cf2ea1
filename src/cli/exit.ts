/**
 * Exit statuses of the program, and errors that end it.
 *
 * @module
 */

/** Everything was done. */
export const EXIT_OK = 0;
/** The work failed: a port in use, a folder that does not exist, errors found by `check`. */
export const EXIT_FAILURE = 1;
/** The command line cannot be used. */
export const EXIT_USAGE = 2;

/** An error that the user can mend: printed without a stack. */
export class FatalError extends Error {
  override readonly name = "FatalError";
}

/** Signals that stop the program. */
export type EndSignal = "SIGINT" | "SIGQUIT" | "SIGTERM";

const NUMBERS: Readonly<Record<EndSignal, number>> = { SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };

/** Exit status of a process that a signal ends, as shells show it. */
export function exitOfSignal(signal: EndSignal): number {
  return 128 + NUMBERS[signal];
}
