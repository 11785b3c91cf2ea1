/**
 * TCP listeners and connections. The sockets are those of `node:net`, or cheaper ones of the runtime with the same
 * methods for reading, writing, pausing and ending.
 *
 * @module
 */
import type { Socket } from "node:net";

/** Options of a listener. */
export interface TcpListenOptions {
  /** IP address. */
  readonly address: string;
  /** Port; 0: any free one. */
  readonly port: number;
  /** SO_REUSEPORT: several processes listen on the same port. */
  readonly reusePort: boolean;
  /** Connections that the kernel keeps until they are accepted; a runtime may have a bound of its own. */
  readonly backlog: number;
}

/** An open listener. */
export interface TcpListener {
  readonly port: number;
  /** Stops accepting; open connections go on. */
  close(): void;
}

/**
 * TCP as the data plane uses it. Of a socket it uses: on, once, off and removeAllListeners for data (one listener), drain,
 * end, close, error, connect, finish; write of latin1 text and bytes; cork and uncork; pause, resume, unshift; end,
 * destroy, resetAndDestroy; setNoDelay; remoteAddress, remotePort, localAddress, localPort, writableLength. Small writes
 * go out at once (TCP_NODELAY), and a side that ended does not end the other.
 */
export interface Tcp {
  /** Rejects with the error of the system (`code`, e.g. `EADDRINUSE`). `failed` gets later errors of the listener. */
  listen(
    options: TcpListenOptions,
    accept: (socket: Socket) => void,
    failed: (error: Error) => void,
  ): Promise<TcpListener>;
  /** `connect` or `error` follows. `host` is an IP address. */
  connect(host: string, port: number): Socket;
}
