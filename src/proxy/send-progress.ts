/**
 * Progress of a full socket. A send timeout applies to the time between two parts that the other side takes, not to all
 * bytes (nginx: send_timeout, proxy_send_timeout).
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Backlog } from "../http/mod.ts";

/** Progress of one socket. */
export class SendProgress {
  readonly #socket: Socket;
  readonly #backlog: Backlog | null;
  /** Bytes that waited at the last {@link SendProgress.mark}. */
  #bytes = 0;

  /** @param backlog sums the bytes of all sockets */
  constructor(socket: Socket, backlog: Backlog | null) {
    this.#socket = socket;
    this.#backlog = backlog;
  }

  /** The socket is full: remembers the number of bytes that wait. */
  mark(): void {
    this.#become(this.#socket.writableLength);
  }

  /** True when some bytes have been taken since the mark. */
  get advances(): boolean {
    return this.#socket.writableLength < this.#bytes;
  }

  /** All bytes have been taken, or the socket is closed. */
  clear(): void {
    this.#become(0);
  }

  #become(bytes: number): void {
    this.#backlog?.add(bytes - this.#bytes);
    this.#bytes = bytes;
  }
}
