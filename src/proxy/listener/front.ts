/**
 * The front of a data plane: listens, accepts, and makes connections from sockets.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { ProxyAddresses } from "../../net/mod.ts";
import { runtime, type TcpListener } from "../../runtime/mod.ts";
import type { Listener, ListenerAddress } from "../../snapshot/snapshot.ts";
import type { StreamHandler } from "../contract.ts";
import type { Handshake, TlsHandlers, TlsListener } from "../tls/mod.ts";
import { ClientConnection } from "./client-connection.ts";
import type { ConnectionOrigin } from "./connection-facts.ts";
import { ExchangePool, type WireCore } from "../exchange/mod.ts";
import { H2Connection } from "./h2-connection.ts";
import { arrivesAt } from "./own-address.ts";
import { PrefaceCheck } from "./preface-check.ts";
import { ProxyHeaderReader } from "./proxy-header.ts";

/** Options of a port. */
export interface FrontListen {
  /** IP address; `0.0.0.0` or `::` for all. */
  readonly address: string;
  /** Port; 0: any free one. */
  readonly port: number;
  /** SO_REUSEPORT. Default: false. */
  readonly reusePort?: boolean;
  /** Takes the handshakes of a TLS port ({@link TlsFront} does); `null`: none. */
  readonly tls: { listener(handlers: TlsHandlers): TlsListener } | null;
  /**
   * Returns the protocol of the port; called for each connection, because it may change. Default: HTTP, over TLS if
   * there is `tls`.
   */
  readonly spoken?: () => Spoken;
}

/** Protocol of a listener, and its options. */
export type Spoken = DistributiveOmit<Listener, keyof ListenerAddress>;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An open port. */
export interface FrontPort {
  readonly port: number;
  /** Stops accepting; open connections go on. */
  close(): void;
}

/** A port, and its TLS listener. */
interface Port {
  number: number;
  readonly tls: TlsListener | null;
}

/** Operations of a connection that the front uses. */
interface FrontConnection {
  closeWhenIdle(): void;
  /** The connection is between two requests, or before the first. */
  readonly idle: boolean;
  cut(): void;
}

const BACKLOG = 511;
/** Number of connections that are checked for an idle one, when a new one needs its place. */
const LOOKED_AT = 32;

/** The front of one data plane, with all its ports. */
export class HttpFront {
  readonly #core: WireCore;
  readonly #exchanges: ExchangePool;
  readonly #listeners = new Set<TcpListener>();
  /** TLS listeners, also those of closed ports, whose handshakes go on. */
  readonly #tlsListeners = new Set<TlsListener>();
  readonly #stream: StreamHandler | null;
  readonly #connections = new Set<FrontConnection>();
  /** Sockets that wait for their PROXY header. The TLS listener has those in their handshake. */
  readonly #early = new Set<Socket>();
  /** PROXY addresses of connections that a TLS port accepted. */
  readonly #proxied = new Map<Socket, ProxyAddresses>();
  /** Addresses of the open ports. */
  readonly #listening = new Set<{ readonly address: string; readonly port: number }>();
  #closed: Promise<void> | null = null;
  #allGone: (() => void) | null = null;

  /** @param stream takes connections that are not HTTP; `null`: ports for them cannot be opened */
  constructor(core: WireCore, stream: StreamHandler | null = null) {
    this.#core = core;
    this.#exchanges = new ExchangePool(core);
    this.#stream = stream;
  }

  /** Opens a port. Rejects when the address cannot be bound, or nothing handles the protocol. */
  async listen(options: FrontListen): Promise<FrontPort> {
    const { address, reusePort = false } = options;
    const spoken = options.spoken ??
      (() => ({ protocol: options.tls === null ? "http" : "https", proxyProtocol: false }));
    this.#checkSpoken(spoken());
    const tls = options.tls?.listener({
      secure: (socket, handshake) => this.#secure(socket, handshake, port.number),
      plain: (socket) => this.#plain(socket, port.number, true),
      passthrough: (socket, upstream) => this.#relay(socket, upstream, this.#proxied.get(socket) ?? null, port.number),
    }) ?? null;
    const port: Port = { number: options.port, tls };
    const listener = await runtime().tcp.listen(
      { address, port: options.port, reusePort, backlog: BACKLOG },
      (socket) => this.#accepted(socket, port, spoken()),
      (error) => this.#core.logger.error("a listener failed", { address, port: port.number, error: error.message }),
    );
    port.number = listener.port;
    if (this.#core.closing) {
      listener.close();
      throw new Error("the data plane is being closed");
    }
    const at = { address, port: port.number };
    this.#listeners.add(listener);
    this.#listening.add(at);
    if (tls !== null) this.#tlsListeners.add(tls);
    return {
      port: port.number,
      close: () => {
        if (this.#listeners.delete(listener)) listener.close();
        this.#listening.delete(at);
        if (tls?.pending === 0) this.#tlsListeners.delete(tls);
      },
    };
  }

  /** True when a connection to the address arrives at a port of this front. */
  listensAt(address: string, port: number): boolean {
    for (const at of this.#listening) if (at.port === port && arrivesAt(address, at.address)) return true;
    return false;
  }

  #checkSpoken({ protocol }: Spoken): void {
    if (protocol === "udp" || protocol === "tcp" && this.#stream === null) {
      throw new TypeError(`${protocol} is not spoken by this data plane`);
    }
  }

  #accepted(socket: Socket, port: Port, spoken: Spoken): void {
    const { counters } = this.#core;
    counters.accepted++;
    counters.active++;
    if (this.#core.descriptors > this.#core.maxDescriptors) this.#makeRoom(socket);
    socket.on("close", () => {
      counters.active--;
      this.#early.delete(socket);
    });
    if (socket.destroyed) return;
    if (spoken.protocol !== "udp" && spoken.proxyProtocol) {
      this.#early.add(socket);
      new ProxyHeaderReader(this.#core, socket, (addresses) => this.#open(socket, port, spoken, addresses));
    } else this.#open(socket, port, spoken, null);
  }

  /**
   * Makes room as nginx does when worker_connections are used up: an idle connection is closed, or else the new one.
   * accept() must not fail for lack of descriptors, because the runtimes then retry without pause and use up a
   * processor.
   */
  #makeRoom(socket: Socket): void {
    if (this.#core.upstreams.dropOldestIdle()) return;
    let looked = 0;
    for (const connection of this.#connections) {
      if (connection.idle) return connection.cut();
      if (++looked === LOOKED_AT) break;
      // busy connections are checked last the next time
      this.#connections.delete(connection);
      this.#connections.add(connection);
    }
    this.#core.tellFull();
    socket.destroy();
  }

  /** Passes the connection to the handler of the port's protocol. */
  #open(socket: Socket, port: Port, spoken: Spoken, proxied: ProxyAddresses | null): void {
    this.#early.delete(socket);
    switch (spoken.protocol) {
      case "http":
        return this.#connection(socket, { tls: null, proxied, localPort: port.number, refusePlain: false });
      case "https":
        if (port.tls === null) return void socket.destroy();
        if (proxied !== null) {
          this.#proxied.set(socket, proxied);
          socket.on("close", () => this.#proxied.delete(socket));
        }
        return port.tls.accept(socket);
      case "tcp":
        socket.pause();
        return this.#relay(socket, spoken.upstream, proxied, port.number);
      case "udp":
        return void socket.destroy();
      default:
        spoken satisfies never;
    }
  }

  #relay(socket: Socket, upstream: string, proxied: ProxyAddresses | null, localPort: number): void {
    if (this.#stream === null) return void socket.destroy();
    const connection: FrontConnection = { closeWhenIdle: () => {}, idle: false, cut: () => void socket.destroy() };
    this.#connections.add(connection);
    socket.on("error", ignore);
    socket.on("close", () => this.#gone(connection));
    this.#core.guard(connection, () => this.#stream?.({ socket, upstream, proxied, localPort }));
  }

  #gone(connection: FrontConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#allGone?.();
  }

  #plain(socket: Socket, port: number, refusePlain: boolean): void {
    const proxied = this.#proxied.get(socket) ?? null;
    this.#connection(socket, { tls: null, proxied, localPort: port, refusePlain });
    socket.resume();
  }

  #secure(socket: Socket, { info, applicationProtocol, plain }: Handshake, port: number): void {
    const proxied = this.#proxied.get(plain) ?? null;
    this.#connection(socket, { tls: info, proxied, localPort: port, refusePlain: false }, applicationProtocol);
  }

  #connection(socket: Socket, origin: ConnectionOrigin, applicationProtocol = ""): void {
    const gone = (connection: FrontConnection): void => this.#gone(connection);
    const open = (connection: FrontConnection): void => {
      this.#connections.add(connection);
      if (this.#core.closing) connection.closeWhenIdle();
    };
    if (applicationProtocol === "h2") return open(new H2Connection(this.#core, this.#exchanges, socket, origin, gone));
    // RFC 9113 section 3.3: on a plain port the first bytes of the client show HTTP/2
    const mayBegin = origin.tls === null && !origin.refusePlain && this.#core.settings.http2 !== false;
    const preface = mayBegin
      ? new PrefaceCheck((bytes) => {
        const connection = new H2Connection(this.#core, this.#exchanges, socket, origin, gone);
        open(connection);
        connection.receive(bytes);
      })
      : null;
    open(new ClientConnection(this.#core, this.#exchanges, socket, origin, gone, preface));
  }

  /**
   * Stops accepting, closes idle connections, lets requests in flight end (with `Connection: close`) for at most `graceMs`
   * milliseconds, then cuts the rest. Resolves when all connections are closed.
   */
  close(graceMs: number): Promise<void> {
    return this.#closed ??= this.#close(graceMs);
  }

  async #close(graceMs: number): Promise<void> {
    const core = this.#core;
    core.closing = true;
    for (const listener of this.#listeners) listener.close();
    for (const tls of this.#tlsListeners) tls.dropPending();
    for (const socket of this.#early) socket.destroy();
    for (const connection of [...this.#connections]) connection.closeWhenIdle();
    if (graceMs <= 0) this.#cutAll();
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        const cancel = core.clock.after(graceMs, () => {
          this.#cutAll();
          resolve();
        });
        this.#allGone = () => {
          cancel();
          resolve();
        };
      });
    }
  }

  #cutAll(): void {
    for (const connection of [...this.#connections]) connection.cut();
  }
}

function ignore(): void {}
