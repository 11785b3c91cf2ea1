/**
 * Error for a port that cannot be opened.
 *
 * @module
 */

/** `code` as in Node, e.g. `EADDRINUSE`; empty when the process that listens has ended. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  constructor(readonly code: string, message: string, readonly port?: number) {
    super(message);
  }
}
