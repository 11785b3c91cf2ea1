/**
 * Joins two connections after a 101: bytes go both ways until either side ends.
 *
 * @module
 */
import type { LeaseOwner, OpenExchange, TunnelSink, UpstreamLease } from "../exchange/mod.ts";

/** Called at the end of the tunnel. */
export interface TunnelOwner {
  /** Either side ended; written bytes must still go out. */
  tunnelOver(): void;
}

/** One tunnel. */
export class Tunnel implements LeaseOwner, TunnelSink {
  /** Number of bytes from the upstream. */
  bytes = 0;
  readonly #exchange: OpenExchange;
  readonly #lease: UpstreamLease;
  readonly #idleMs: number;
  readonly #owner: TunnelOwner;
  #clientBlocked = false;
  #over = false;

  /** @param idleMs the tunnel ends after this long without a byte either way (proxy-read-timeout) */
  constructor(exchange: OpenExchange, lease: UpstreamLease, idleMs: number, owner: TunnelOwner) {
    this.#exchange = exchange;
    this.#lease = lease;
    this.#idleMs = idleMs;
    this.#owner = owner;
  }

  start(): void {
    this.#lease.setDeadline(this.#idleMs);
    this.#lease.tunnel(this);
    this.#exchange.downstream.tunnel(this);
  }

  upstreamConnected(): void {}

  upstreamData(bytes: Uint8Array, start: number, end: number): void {
    if (this.#over) return;
    this.#lease.setDeadline(this.#idleMs);
    this.bytes += end - start;
    if (this.#exchange.downstream.write(bytes, start, end) || this.#over) return;
    this.#clientBlocked = true;
    this.#lease.pause();
  }

  upstreamDrained(): void {
    this.#lease.setDeadline(this.#idleMs);
    this.#exchange.downstream.resumeBody();
  }

  upstreamInterim(): void {}

  upstreamHead(): boolean {
    return true;
  }

  upstreamFlush(): void {}

  upstreamComplete(): void {
    this.#end();
  }

  upstreamMalformed(): void {
    this.#end();
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
    this.#lease.setDeadline(this.#idleMs);
    if (!this.#lease.write(bytes, 0, bytes.length)) this.#exchange.downstream.pauseBody();
  }

  tunnelDrained(): void {
    if (!this.#clientBlocked || this.#over) return;
    this.#clientBlocked = false;
    this.#lease.setDeadline(this.#idleMs);
    this.#lease.resume();
  }

  tunnelEnd(): void {
    this.#end();
  }

  /** Ends both sides when one ends, as in nginx. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.tunnelOver();
  }
}
