/**
 * The server's side of TLS, on sockets that {@link Tcp} accepted.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { SecureContext, SecureContextOptions } from "node:tls";

/** What a handshake agreed on. */
export interface TlsAgreement {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** OpenSSL name of the cipher. */
  readonly cipher: string;
  /** As the client sent it; empty: none. */
  readonly serverName: string;
  /** By ALPN; empty: none. */
  readonly applicationProtocol: string;
  /** A session was resumed. */
  readonly resumed: boolean;
}

/** What holds for the handshakes of one server. */
export interface TlsServerOptions {
  /**
   * Versions, ciphers, and the pair of those who send no server name. Sessions are resumed by the keys of this context,
   * whatever the server name, and by those of no other server.
   */
  readonly context: SecureContextOptions;
  /** In order of preference. */
  readonly applicationProtocols: readonly string[];
  /** Asked for each server name; an error refuses the handshake. */
  choose(serverName: string): SecureContext | Error;
  /**
   * A handshake is over. What is read from and written to `secure` is clear text. It may be `plain` itself, and where it
   * is not, both close together.
   */
  secure(secure: Socket, agreement: TlsAgreement, plain: Socket): void;
  /** A handshake failed; the connection closes by itself. */
  failed(error: Error, plain: Socket): void;
}

/** Takes handshakes; holds nothing for those that are over. */
export interface TlsServer {
  /**
   * Begins a handshake on a socket that nothing listens to for data.
   *
   * @param first bytes that were read from it
   */
  handshake(plain: Socket, first: Buffer): void;
}

/** A cheap object, to be replaced whenever something of the options changes. Throws when a pair cannot be used. */
export type MakeTlsServer = (options: TlsServerOptions) => TlsServer;
