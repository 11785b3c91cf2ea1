/**
 * Messages for addresses that cannot be listened on.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { ListenFailure } from "../proxy/mod.ts";
import { FatalError } from "./exit.ts";

interface SystemError {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly message: string;
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is in use by another process",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "permission denied (ports below 1024 need root or the capability CAP_NET_BIND_SERVICE)",
  EPERM: "permission denied (ports below 1024 need root or the capability CAP_NET_BIND_SERVICE)",
};

/**
 * @throws {FatalError} that names address, port and flag, when the error is a {@link ListenError}; any other error as it is
 */
export function tellListenError(error: unknown, address: string, port: number | undefined, flag: string): never {
  if (error instanceof FatalError) throw error;
  const { code = "", message, port: failedPort } = error as SystemError;
  const place = `${address === "" ? "all addresses" : address}, port ${port ?? failedPort ?? "unknown"}`;
  throw new FatalError(`cannot listen on ${place} (${flag}): ${REASONS[code] ?? message}`, { cause: error });
}

/** Diagnostics of ports that cannot be opened. */
export function diagnoseListeners(failures: readonly ListenFailure[]): Diagnostic[] {
  return failures.map(({ listener: { name, address, port, protocol }, code, message }) => ({
    reason: "PortNotAvailable",
    severity: "error",
    message: `listen on ${address === "" ? "all addresses" : address}, port ${port} (${protocol}): ${
      REASONS[code] ?? message
    }`,
    effect: code === "SAME_PORT"
      ? `nothing of listener "${name}" is served`
      : "nothing is served there; it is tried again every two seconds",
  }));
}
