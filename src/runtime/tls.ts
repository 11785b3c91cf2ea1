/**
 * The server's side of TLS, on sockets that {@link Tcp} accepted.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { SecureContext, SecureContextOptions } from "node:tls";

/** Result of a handshake. */
export interface TlsAgreement {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** OpenSSL name of the cipher. */
  readonly cipher: string;
  /** Server name as the client sent it; empty when there is none. */
  readonly serverName: string;
  /** Protocol that ALPN selected; empty when there is none. */
  readonly applicationProtocol: string;
  /** A session was resumed. */
  readonly resumed: boolean;
}

/** Options of a TLS server. */
export interface TlsServerOptions {
  /**
   * Versions, ciphers, and the certificate for clients that send no server name. Sessions are resumed by the keys of
   * this context, whatever the server name, and by no other server.
   */
  readonly context: SecureContextOptions;
  /** ALPN protocols in order of preference. */
  readonly applicationProtocols: readonly string[];
  /** Returns the context for a server name; an error refuses the handshake. */
  choose(serverName: string): SecureContext | Error;
  /**
   * A handshake has succeeded; `secure` carries clear text. `secure` may be `plain` itself; if it is not, both close
   * together.
   */
  secure(secure: Socket, agreement: TlsAgreement, plain: Socket): void;
  /** A handshake has failed; the connection closes by itself. */
  failed(error: Error, plain: Socket): void;
}

/** Takes handshakes; keeps no state of those that are over. */
export interface TlsServer {
  /**
   * Begins a handshake on a socket without a listener for data.
   *
   * @param first bytes that have been read from the socket
   */
  handshake(plain: Socket, first: Buffer): void;
}

/**
 * Makes a TLS server. It is cheap: make a new one when an option changes.
 *
 * @throws when a certificate and its key cannot be used
 */
export type MakeTlsServer = (options: TlsServerOptions) => TlsServer;
