/**
 * A port that cannot be had.
 *
 * @module
 */

/** `code` as Node has it, e.g. `EADDRINUSE`; empty: whoever was to listen is gone. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  constructor(readonly code: string, message: string, readonly port?: number) {
    super(message);
  }
}
