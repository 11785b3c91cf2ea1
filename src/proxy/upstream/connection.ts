/**
 * One connection to an endpoint. It carries one exchange at a time; between two it waits in its pool.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ResponseHead, ResponseReader } from "../../http/mod.ts";
import { runtime } from "../../runtime/mod.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { UpstreamTls } from "../contract.ts";
import { type DeadlineWheel, Timed } from "../deadline-wheel.ts";
import { Unsent } from "../unsent.ts";

/** Hears of what happens on a connection while it carries an exchange. */
export interface UpstreamOwner {
  upstreamConnected(): void;
  upstreamData(bytes: Buffer): void;
  upstreamDrained(): void;
  /** No more bytes will come: the upstream ended its side, orderly or not (`error`). */
  upstreamEnded(error: Error | null): void;
  /** The deadline that the owner set has passed. */
  upstreamTimedOut(): void;
  /** One of the above threw: an error of our own, which must cost this exchange only. */
  crashed(error: unknown): void;
}

/** Connections to one address (and TLS settings). */
export interface EndpointPool {
  readonly key: string;
  /** `address port`; the key without TLS settings. */
  readonly address: string;
  /** The endpoint has left: connections in use are closed when they come back. */
  retired: boolean;
  /** Last used last. */
  readonly idle: UpstreamConnection[];
  /** Open connections, idle or not. */
  live: number;
}

/** Where idle connections go. */
export interface ConnectionHome {
  /** An idle connection is of no use any more. */
  dropIdle(connection: UpstreamConnection): void;
}

/** One connection. */
export class UpstreamConnection extends Timed {
  readonly reader: ResponseReader = new ResponseReader(new ResponseHead());
  readonly socket: Socket;
  owner: UpstreamOwner | null;
  connected = false;
  /** Exchanges so far, the present one included. */
  requests = 1;
  readonly createdMs: number;
  /** Something was received since the connection was taken. */
  received = false;
  closed = false;
  /** A response was read to its end, nothing came behind it, and the upstream keeps the connection. */
  reusable = false;
  /** Neighbours in the list of idle connections, from the longest idle on; for the pool only. */
  idleNext: UpstreamConnection | null = null;
  idlePrevious: UpstreamConnection | null = null;
  readonly #unsent: Unsent;
  #sendTimeoutMs = 0;
  #error: Error | null = null;
  #ended = false;
  readonly #home: ConnectionHome;

  constructor(
    wheel: DeadlineWheel,
    home: ConnectionHome,
    readonly pool: EndpointPool,
    endpoint: Endpoint,
    tls: UpstreamTls | null,
    owner: UpstreamOwner,
  ) {
    super(wheel);
    this.#home = home;
    this.owner = owner;
    this.createdMs = wheel.nowMs;
    const { address: host, port } = endpoint;
    const socket = tls === null ? runtime().tcp.connect(host, port) : openTls(host, port, tls);
    this.socket = socket;
    this.#unsent = new Unsent(socket, null);
    socket.on(tls === null ? "connect" : "secureConnect", () => {
      this.connected = true;
      this.#guard((owner) => owner.upstreamConnected());
    });
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("drain", () => {
      this.#unsent.clear();
      this.#guard((owner) => owner.upstreamDrained());
    });
    socket.on("end", () => this.#end(null));
    socket.on("error", (error: Error) => {
      this.#error = error;
    });
    socket.on("close", () => this.#end(this.#error ?? new Error("the connection was closed")));
  }

  #received(bytes: Buffer): void {
    this.received = true;
    const { owner } = this;
    if (owner !== null) {
      try {
        owner.upstreamData(bytes);
      } catch (error) {
        owner.crashed(error);
      }
    } else if (!this.closed) this.#home.dropIdle(this); // nobody asked for it
  }

  #end(error: Error | null): void {
    if (this.closed) this.stopTiming();
    if (this.#ended) return;
    this.#ended = true;
    if (this.owner !== null) this.#guard((owner) => owner.upstreamEnded(error));
    else if (!this.closed) this.#home.dropIdle(this);
    else this.socket.destroy();
  }

  #guard(action: (owner: UpstreamOwner) => void): void {
    const { owner } = this;
    if (owner === null) return;
    try {
      action(owner);
    } catch (error) {
      owner.crashed(error);
    }
  }

  /** It may still be written to, as far as is known. */
  get usable(): boolean {
    return !this.closed && !this.#ended;
  }

  /** The socket is full: the endpoint has so long to take something (nginx: proxy_send_timeout). */
  awaitEndpoint(ms: number): void {
    this.#unsent.mark();
    this.#sendTimeoutMs = ms;
    this.setDeadline(ms);
  }

  override expired(): void {
    if (this.closed) {
      this.stopTiming();
      this.socket.destroy();
    } else if (this.#unsent.shrinks) this.awaitEndpoint(this.#sendTimeoutMs);
    else if (this.owner !== null) this.#guard((owner) => owner.upstreamTimedOut());
    else this.#home.dropIdle(this);
  }

  /** Gives the connection up once what was written is out, at the latest after `graceMs`. */
  end(graceMs: number): void {
    this.closed = true;
    this.owner = null;
    this.setDeadline(graceMs);
    this.socket.resume();
    this.socket.end();
    this.socket.once("finish", () => this.socket.destroy());
  }

  /** Gives the connection up. */
  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    this.owner = null;
    this.stopTiming();
    this.socket.destroy();
  }
}

function openTls(host: string, port: number, tls: UpstreamTls): Socket {
  const socket = connectTls({
    host,
    port,
    rejectUnauthorized: tls.caPem !== null,
    ALPNProtocols: ["http/1.1"],
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
    ...(tls.caPem === null ? {} : { ca: tls.caPem }),
    ...(tls.clientCertificatePem === null ? {} : { cert: tls.clientCertificatePem }),
    ...(tls.clientPrivateKeyPem === null ? {} : { key: tls.clientPrivateKeyPem }),
  });
  socket.setNoDelay(true);
  return socket;
}
