/**
 * Bun's own sockets, as far as they are used, spelled out so that the files are well typed on Deno, too.
 *
 * @module
 */
import type { BunSocket } from "./_bun-socket.ts";

/** Bun's TCPSocket, as far as it is used. */
export interface BunHandle {
  data: BunSocket;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Returns the bytes taken: fewer than given when the kernel's buffer is full, negative when the socket is closed. */
  write(chunk: string | Uint8Array, encoding?: "latin1"): number;
  /** Ends the writing side. */
  shutdown(): void;
  close(): void;
  /** Ends with RST. */
  terminate(): void;
  pause(): void;
  resume(): void;
  setNoDelay(on: boolean): void;
  /** Begins TLS: makes a second handle for the clear text; this one still tells what comes in cipher text. */
  upgradeTLS(options: BunTlsUpgrade & { readonly data: BunSocket; readonly initialData: Uint8Array }): unknown;
  getTLSVersion(): string;
  getCipher(): { readonly name?: string } | null | undefined;
  isSessionReused(): boolean;
  getServername(): string | null | undefined;
  readonly alpnProtocol: string | false | null;
}

/** Called for every socket; the {@link BunSocket} is its `data`. */
export interface BunHandlers {
  open(handle: BunHandle): void;
  data(handle: BunHandle, bytes: Uint8Array): void;
  drain(handle: BunHandle): void;
  end(handle: BunHandle): void;
  close(handle: BunHandle, error?: Error): void;
  error(handle: BunHandle, error: Error): void;
  connectError(handle: BunHandle, error: Error): void;
}

/** How a plain socket becomes a server's side of TLS. */
export interface BunTlsUpgrade {
  readonly isServer: true;
  readonly tls: {
    readonly secureContext: unknown;
    /** In the form of the extension. */
    readonly ALPNProtocols: Uint8Array;
    readonly requestCert: boolean;
    readonly rejectUnauthorized: boolean;
  };
  readonly socket: BunHandlers & {
    /** Returns a native context, an error that refuses, or nothing: that of the server stays. */
    serverName(socket: BunSocket, name: string): unknown;
    /** The handshake is over, or has failed. */
    handshake(handle: BunHandle, success: boolean, error: Error | null): void;
  };
}
