/**
 * The one interface behind which Bun and Deno differ.
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

/** What the program needs from the runtime beyond the `node:` modules. */
export interface Runtime {
  readonly name: "bun" | "deno";
  /** Version of the runtime itself, e.g. `1.4.5`. */
  readonly version: string;
  /** True in an executable made by `--compile`: there is no source tree beside it. */
  readonly standalone: boolean;
  /** Arguments behind the program's name. */
  args(): readonly string[];
  /**
   * Command line that starts this program again, to be followed by its arguments. `entry`: file of a module to run in
   * place of the main one; passed over in an executable, which has but one.
   */
  selfCommand(entry?: string): readonly string[];
  /** Ends the process at once. */
  exit(code: number): never;
  /** Resident memory of the process in bytes. */
  residentBytes(): number;
  /** Gives memory back after a burst of work, where the runtime allows it; takes some milliseconds. */
  collectGarbage(): void;
  /** Calls `listener` on each `signal`, which then no longer ends the process; the result takes the listener away. */
  onSignal(signal: Signal, listener: () => void): () => void;
  /**
   * Writes some of the bytes to the standard output and resolves to how many; 0: none for the moment. A reader that does
   * not read delays that, and nothing else.
   */
  writeOutput(bytes: Uint8Array): Promise<number>;
  /** Standard error: takes all text, in order, and keeps nothing waiting; `done` is called when it was taken, or is lost. */
  readonly errorOutput: { write(text: string, done: () => void): unknown };
  /** TCP listeners and connections. */
  readonly tcp: Tcp;
  /** Makes what takes handshakes on the sockets of {@link Runtime.tcp}. */
  readonly tlsServer: MakeTlsServer;
}
