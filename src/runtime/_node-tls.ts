/**
 * {@link TlsServer} by `node:tls`.
 *
 * @module
 */
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { TlsAgreement, TlsServer, TlsServerOptions } from "./tls.ts";

const MAX_TIMER_MS = 0x7fffffff;

/** The server never listens; it takes sockets. */
export function nodeTlsServer(options: TlsServerOptions): TlsServer {
  /** Plain sockets by their peer: a TLS socket does not give its plain socket, and no two have the same peer. */
  const plainByPeer = new Map<string, Socket>();
  const server = createServer({
    ...options.context,
    // Bun calls it only for handshakes with a server name; the others get the certificate of the server's context.
    SNICallback: (name, done) => {
      const chosen = options.choose(name);
      if (chosen instanceof Error) done(chosen);
      else done(null, chosen);
    },
    ALPNProtocols: [...options.applicationProtocols],
    // The listener times the handshake from the accept on; this timer would start at the first byte.
    handshakeTimeout: MAX_TIMER_MS,
  });
  server.on("secureConnection", (secure) => {
    const plain = plainByPeer.get(peerOf(secure)) ?? secure;
    // Deno leaves this socket open when the other one is reset.
    secure.on("close", () => plain.destroy());
    // Resets the connection; Deno would end it in order.
    secure.resetAndDestroy = () => {
      plain.resetAndDestroy();
      return secure.destroy();
    };
    options.secure(secure, agreementOf(secure), plain);
  });
  server.on("tlsClientError", (error, secure) => {
    const plain = plainByPeer.get(peerOf(secure)) ?? secure;
    options.failed(error, plain);
    secure.destroy();
    plain.destroy();
  });
  return {
    handshake(plain, first): void {
      const peer = peerOf(plain);
      plainByPeer.set(peer, plain);
      plain.on("close", () => {
        if (plainByPeer.get(peer) === plain) plainByPeer.delete(peer);
      });
      plain.pause();
      plain.unshift(first);
      server.emit("connection", plain);
    },
  };
}

function agreementOf(socket: TLSSocket): TlsAgreement {
  // Without a server name it is false, null or undefined, depending on the runtime.
  const serverName: unknown = (socket as { servername?: unknown }).servername;
  return {
    protocol: socket.getProtocol() ?? "",
    cipher: socket.getCipher()?.name ?? "",
    serverName: typeof serverName === "string" ? serverName : "",
    applicationProtocol: socket.alpnProtocol || "",
    resumed: socket.isSessionReused(),
  };
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
