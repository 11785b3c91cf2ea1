/**
 * The interface that hides the differences of Bun and Deno.
 *
 * @module
 */

import type { Tcp } from "./tcp.ts";
import type { MakeTlsServer } from "./tls.ts";

/** Signals that the program listens to. */
export type Signal =
  | "SIGINT"
  | "SIGTERM"
  | "SIGQUIT"
  | "SIGHUP"
  | "SIGUSR1"
  | "SIGUSR2"
  | "SIGPIPE"
  | "SIGALRM"
  | "SIGVTALRM"
  | "SIGPROF"
  | "SIGIO"
  | "SIGXFSZ";

/** Functions of the runtime that `node:` modules do not have. */
export interface Runtime {
  readonly name: "bun" | "deno";
  /** Version of the runtime itself, e.g. `1.4.5`. */
  readonly version: string;
  /** True in an executable made by `--compile`, which has no source tree. */
  readonly standalone: boolean;
  /** Arguments after the program's name. */
  args(): readonly string[];
  /**
   * Command line that starts this program again; arguments are appended.
   *
   * @param entry file of a module that runs in place of the main one; ignored in an executable, which has one module only
   */
  selfCommand(entry?: string): readonly string[];
  /** Ends the process at once. */
  exit(code: number): never;
  /** Resident memory of the process in bytes. */
  residentBytes(): number;
  /** Returns memory to the system after a burst of work, where the runtime can; takes some milliseconds. */
  collectGarbage(): void;
  /** Calls `listener` on each `signal`, which then no longer ends the process. The result removes the listener. */
  onSignal(signal: Signal, listener: () => void): () => void;
  /**
   * Writes some of the bytes to the standard output, and resolves to their number; 0: none at the moment. A reader that
   * does not read delays nothing else.
   */
  writeOutput(bytes: Uint8Array): Promise<number>;
  /**
   * Standard error: takes all text in order without blocking; `done` is called when the text was written or is lost.
   */
  readonly errorOutput: { write(text: string, done: () => void): unknown };
  /** TCP listeners and connections. */
  readonly tcp: Tcp;
  /** Makes servers that take TLS handshakes on the sockets of {@link Runtime.tcp}. */
  readonly tlsServer: MakeTlsServer;
}
