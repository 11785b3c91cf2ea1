/**
 * TLS towards endpoints.
 *
 * @module
 */
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { UpstreamTls } from "../contract.ts";

/**
 * Begins to connect; `secureConnect` follows when the handshake is over and the peer is verified as the settings say.
 */
export function openTls(host: string, port: number, tls: UpstreamTls): Socket {
  const socket = connectTls({
    host,
    port,
    rejectUnauthorized: tls.caPem !== null || tls.systemAuthorities === true,
    ALPNProtocols: ["http/1.1"],
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
    ...(tls.caPem === null ? {} : { ca: tls.caPem }),
    ...(tls.clientCertificatePem === null ? {} : { cert: tls.clientCertificatePem }),
    ...(tls.clientPrivateKeyPem === null ? {} : { key: tls.clientPrivateKeyPem }),
  });
  socket.setNoDelay(true);
  return socket;
}
