/**
 * Connections whose handshake is not over: each has a deadline, from its first moment on.
 *
 * @module
 */
import type { Socket } from "node:net";

interface Pending {
  readonly socket: Socket;
  readonly timer: ReturnType<typeof setTimeout>;
}

/**
 * Keyed by the peer, because a TLS socket does not tell which plain socket it stands on; among the connections of one
 * listener no two have the same peer.
 */
export class PendingHandshakes {
  readonly #pending = new Map<string, Pending>();

  /** Closes the connection unless it is deleted here within `timeoutMs`. */
  add(socket: Socket, timeoutMs: number): void {
    const peer = peerOf(socket);
    const timer = setTimeout(() => {
      this.#pending.delete(peer);
      socket.destroy();
    }, timeoutMs);
    const pending: Pending = { socket, timer };
    this.#pending.set(peer, pending);
    socket.once("close", () => {
      clearTimeout(timer);
      if (this.#pending.get(peer) === pending) this.#pending.delete(peer);
    });
  }

  has(socket: Socket): boolean {
    return this.#pending.has(peerOf(socket));
  }

  /** The handshake is over. Either the plain socket or the TLS socket on it. */
  delete(socket: Socket): void {
    const peer = peerOf(socket);
    clearTimeout(this.#pending.get(peer)?.timer);
    this.#pending.delete(peer);
  }

  /** Closes all that are left. */
  drop(): void {
    for (const { socket, timer } of this.#pending.values()) {
      clearTimeout(timer);
      socket.destroy();
    }
    this.#pending.clear();
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
