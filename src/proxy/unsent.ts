/**
 * What a full socket has still to send. A send timeout holds from one part that the other side takes to the next, not for
 * all of it (nginx: send_timeout, proxy_send_timeout).
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Backlog } from "../http/mod.ts";

/** One socket's. */
export class Unsent {
  readonly #socket: Socket;
  readonly #backlog: Backlog | null;
  /** As of the last {@link Unsent.mark}. */
  #bytes = 0;

  /** @param backlog counts it together with that of others */
  constructor(socket: Socket, backlog: Backlog | null) {
    this.#socket = socket;
    this.#backlog = backlog;
  }

  /** The socket is full: remembers how much there is. */
  mark(): void {
    this.#become(this.#socket.writableLength);
  }

  /** Some of it has been taken since the mark. */
  get shrinks(): boolean {
    return this.#socket.writableLength < this.#bytes;
  }

  /** All has been taken, or nobody will take it. */
  clear(): void {
    this.#become(0);
  }

  #become(bytes: number): void {
    this.#backlog?.add(bytes - this.#bytes);
    this.#bytes = bytes;
  }
}
