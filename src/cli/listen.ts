/**
 * Addresses to listen on, and what to say when that fails.
 *
 * @module
 */
import { FatalError } from "./exit.ts";

interface SystemError {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly message: string;
}

/** An empty `address` means all: `::`, which takes IPv4 too, and `0.0.0.0` on machines without IPv6. */
export async function listenOnAll<T>(address: string, listen: (address: string) => Promise<T>): Promise<T> {
  if (address !== "") return await listen(address);
  try {
    return await listen("::");
  } catch (error) {
    const { code } = error as SystemError;
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
    return await listen("0.0.0.0");
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is in use by another process",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "permission denied (ports below 1024 need root or the capability CAP_NET_BIND_SERVICE)",
  EPERM: "permission denied (ports below 1024 need root or the capability CAP_NET_BIND_SERVICE)",
};

/** @throws {FatalError} that names address, port and flag; one that is no question of these as it is. */
export function tellListenError(error: unknown, address: string, port: number | undefined, flag: string): never {
  if (error instanceof FatalError) throw error;
  const { code = "", message, port: failedPort } = error as SystemError;
  const place = `${address === "" ? "all addresses" : address}, port ${port ?? failedPort ?? "unknown"}`;
  throw new FatalError(`cannot listen on ${place} (${flag}): ${REASONS[code] ?? message}`, { cause: error });
}
