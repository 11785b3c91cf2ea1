/**
 * Two connections joined after a 101: bytes go both ways until either side ends.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { TunnelSink } from "../exchange/downstream.ts";
import type { OpenExchange } from "../exchange/open-exchange.ts";
import type { UpstreamConnection, UpstreamOwner } from "../upstream/connection.ts";

/** Hears of the tunnel's end. */
export interface TunnelOwner {
  /** Either side ended; what was written has still to go out. */
  tunnelOver(): void;
}

/** One tunnel. */
export class Tunnel implements UpstreamOwner, TunnelSink {
  /** Bytes from the upstream. */
  bytes = 0;
  readonly #exchange: OpenExchange;
  readonly #connection: UpstreamConnection;
  readonly #idleMs: number;
  readonly #owner: TunnelOwner;
  #clientBlocked = false;
  #over = false;

  /** @param idleMs the tunnel ends after this long without a byte either way (proxy-read-timeout) */
  constructor(exchange: OpenExchange, connection: UpstreamConnection, idleMs: number, owner: TunnelOwner) {
    this.#exchange = exchange;
    this.#connection = connection;
    this.#idleMs = idleMs;
    this.#owner = owner;
    connection.owner = this;
  }

  /** @param early what came behind the upstream's 101, from `at` on */
  start(early: Buffer, at: number): void {
    this.#connection.setDeadline(this.#idleMs);
    this.#exchange.downstream.tunnel(this);
    if (at < early.length && !this.#over) this.#toClient(early, at);
  }

  #toClient(bytes: Buffer, at: number): void {
    this.bytes += bytes.length - at;
    if (this.#exchange.downstream.write(bytes, at, bytes.length) || this.#over) return;
    this.#clientBlocked = true;
    this.#connection.socket.pause();
  }

  upstreamConnected(): void {}

  upstreamData(bytes: Buffer): void {
    this.#connection.setDeadline(this.#idleMs);
    this.#toClient(bytes, 0);
  }

  upstreamDrained(): void {
    this.#connection.setDeadline(this.#idleMs);
    this.#exchange.downstream.resumeBody();
  }

  upstreamEnded(): void {
    this.#end();
  }

  upstreamTimedOut(): void {
    this.#end();
  }

  crashed(error: unknown): void {
    this.#exchange.internalError(error);
  }

  tunnelData(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#exchange.requestBytes += bytes.length;
    this.#connection.setDeadline(this.#idleMs);
    if (!this.#connection.socket.write(bytes)) this.#exchange.downstream.pauseBody();
  }

  tunnelDrained(): void {
    if (!this.#clientBlocked || this.#over) return;
    this.#clientBlocked = false;
    this.#connection.setDeadline(this.#idleMs);
    this.#connection.socket.resume();
  }

  tunnelEnd(): void {
    this.#end();
  }

  /** As in nginx, one side's end is the end of both. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.tunnelOver();
  }
}
