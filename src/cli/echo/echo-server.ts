/**
 * A backend that answers each request with a record of it.
 *
 * @module
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { EchoConnection } from "./echo-connection.ts";

/** Options of an echo backend. */
export interface EchoOptions {
  /** Name of the backend in its answers. */
  readonly name: string;
  readonly address: string;
  /** Port; 0: any free one, see {@link EchoServer.port}. */
  readonly port: number;
}

/** Listens from {@link EchoServer.start} to {@link EchoServer.close}. */
export class EchoServer {
  readonly #options: EchoOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #serial = 0;

  constructor(options: EchoOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      new EchoConnection(socket, options.name, ++this.#serial);
    });
  }

  /** Rejects with the system's error when the address cannot be bound. */
  start(): Promise<void> {
    const { address, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, address, () => {
        this.#server.off("error", reject);
        this.#server.on("error", () => {});
        resolve();
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Stops accepting, and cuts open connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}
