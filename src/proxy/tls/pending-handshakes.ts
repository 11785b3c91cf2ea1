/**
 * Connections in their handshake; each has a deadline from its accept on.
 *
 * @module
 */
import type { Socket } from "node:net";

/** Pending handshakes of one listener. */
export class PendingHandshakes {
  readonly #timers = new Map<Socket, ReturnType<typeof setTimeout>>();

  /** Adds a connection, and closes it unless it is deleted within `timeoutMs`. */
  add(socket: Socket, timeoutMs: number): void {
    this.#timers.set(
      socket,
      setTimeout(() => {
        this.#timers.delete(socket);
        socket.destroy();
      }, timeoutMs),
    );
    socket.on("close", () => this.delete(socket));
  }

  get size(): number {
    return this.#timers.size;
  }

  has(socket: Socket): boolean {
    return this.#timers.has(socket);
  }

  /** The handshake is over. */
  delete(socket: Socket): void {
    clearTimeout(this.#timers.get(socket));
    this.#timers.delete(socket);
  }

  /** Closes all pending connections. */
  drop(): void {
    for (const socket of [...this.#timers.keys()]) {
      this.delete(socket);
      socket.destroy();
    }
  }
}
