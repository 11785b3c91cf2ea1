/**
 * {@link TlsServer} by `node:tls`.
 *
 * @module
 */
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { TlsAgreement, TlsServer, TlsServerOptions } from "./tls.ts";

const MAX_TIMER_MS = 0x7fffffff;

/** Never listens, only takes sockets. */
export function nodeTlsServer(options: TlsServerOptions): TlsServer {
  /** A TLS socket does not tell which plain socket it stands on; no two of them have the same peer. */
  const plainByPeer = new Map<string, Socket>();
  const server = createServer({
    ...options.context,
    // Bun asks the callback only for handshakes with a server name; the others get the pair that the server has.
    SNICallback: (name, done) => {
      const chosen = options.choose(name);
      if (chosen instanceof Error) done(chosen);
      else done(null, chosen);
    },
    ALPNProtocols: [...options.applicationProtocols],
    // Whoever accepted the connection watches from its first moment on; this one would begin with the first byte.
    handshakeTimeout: MAX_TIMER_MS,
  });
  server.on("secureConnection", (secure) => {
    const plain = plainByPeer.get(peerOf(secure)) ?? secure;
    // Deno leaves it open when the other one was reset.
    secure.on("close", () => plain.destroy());
    // What is reset is the connection; Deno ends it in an orderly way all the same.
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
  // Runtimes tell the absence of a server name as false, null or undefined.
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
