/**
 * What a handshake agreed on, for variables, the access log and HSTS.
 *
 * @module
 */
import type { TLSSocket } from "node:tls";
import type { TlsInfo } from "../../http/exchange.ts";
import { normaliseServerName } from "./server-name.ts";

/** Reads it from a socket whose handshake is over. */
export function tlsInfoOf(socket: TLSSocket): TlsInfo {
  // Runtimes tell the absence of a server name as false, null or undefined.
  const serverName: unknown = (socket as { servername?: unknown }).servername;
  return {
    protocol: socket.getProtocol() ?? "",
    cipher: socket.getCipher()?.name ?? "",
    serverName: typeof serverName === "string" ? normaliseServerName(serverName) : "",
  };
}
