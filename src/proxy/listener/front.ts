/**
 * The front of a data plane: listens, accepts, and makes connections of sockets.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { ProxyAddresses } from "../../net/proxy-protocol.ts";
import { runtime, type TcpListener } from "../../runtime/mod.ts";
import type { Handshake, TlsHandlers, TlsListener } from "../tls/mod.ts";
import { ClientConnection } from "./client-connection.ts";
import type { ConnectionOrigin } from "./connection-facts.ts";
import type { WireCore } from "../exchange/core.ts";
import { H2Connection } from "./h2-connection.ts";
import { arrivesAt } from "./own-address.ts";
import { PrefaceCheck } from "./preface-check.ts";
import { ProxyPrelude } from "./proxy-prelude.ts";

/** One port to listen on. */
export interface FrontListen {
  /** IP address; `0.0.0.0` or `::` for all. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** SO_REUSEPORT. Default: false. */
  readonly reusePort?: boolean;
  /** Takes the handshakes of a TLS port ({@link TlsFront} is one); `null`: plain text. */
  readonly tls: { listener(handlers: TlsHandlers): TlsListener } | null;
}

/** What a connection can be asked for from above. */
interface FrontConnection {
  closeWhenIdle(): void;
  /** Between two requests, or before the first. */
  readonly idle: boolean;
  cut(): void;
}

const BACKLOG = 511;
/** Connections that are looked at for an idle one, when a new one needs its place. */
const LOOKED_AT = 32;

/** One for each data plane, whatever the number of ports. */
export class HttpFront {
  readonly #core: WireCore;
  readonly #listeners: TcpListener[] = [];
  readonly #tlsListeners: TlsListener[] = [];
  readonly #connections = new Set<FrontConnection>();
  /** Sockets whose PROXY header is awaited. Those in their handshake are the TLS listener's. */
  readonly #early = new Set<Socket>();
  /** PROXY addresses of what a TLS port accepted. */
  readonly #proxied = new Map<Socket, ProxyAddresses>();
  /** Addresses listened on. */
  readonly #listening: { readonly address: string; readonly port: number }[] = [];
  #closed: Promise<void> | null = null;
  #allGone: (() => void) | null = null;

  constructor(core: WireCore) {
    this.#core = core;
  }

  /** Opens a port; resolves with its number. Rejects when the address cannot be bound. */
  async listen(options: FrontListen): Promise<number> {
    let port = options.port;
    const tls = options.tls?.listener({
      secure: (socket, handshake) => this.#secure(socket, handshake, port),
      plain: (socket) => this.#plain(socket, port, true),
    }) ?? null;
    const { address, reusePort = false } = options;
    const listener = await runtime().tcp.listen(
      { address, port, reusePort, backlog: BACKLOG },
      (socket) => this.#accepted(socket, port, tls),
      (error) => this.#core.logger.error("a listener failed", { address, port, error: error.message }),
    );
    port = listener.port;
    this.#listeners.push(listener);
    this.#listening.push({ address, port });
    if (tls !== null) this.#tlsListeners.push(tls);
    return port;
  }

  /** Does a connection to that address arrive here. */
  listensAt(address: string, port: number): boolean {
    return this.#listening.some((each) => each.port === port && arrivesAt(address, each.address));
  }

  #accepted(socket: Socket, port: number, tls: TlsListener | null): void {
    const { counters, settings } = this.#core;
    counters.accepted++;
    counters.active++;
    if (this.#core.descriptors > this.#core.maxDescriptors) this.#makeRoom(socket);
    socket.on("close", () => {
      counters.active--;
      this.#early.delete(socket);
    });
    if (socket.destroyed) return;
    if (settings.proxyProtocol === true) {
      this.#early.add(socket);
      new ProxyPrelude(this.#core, socket, (addresses) => this.#open(socket, port, tls, addresses));
    } else this.#open(socket, port, tls, null);
  }

  /**
   * As nginx does when worker_connections are used up: an idle connection gives way, else the new one. Never is accept()
   * left to fail, for the runtimes then try again and again, and take all of a processor.
   */
  #makeRoom(socket: Socket): void {
    if (this.#core.upstreams.dropOldestIdle()) return;
    let looked = 0;
    for (const connection of this.#connections) {
      if (connection.idle) return connection.cut();
      if (++looked === LOOKED_AT) break;
      // whoever is busy is looked at last the next time
      this.#connections.delete(connection);
      this.#connections.add(connection);
    }
    this.#core.tellFull();
    socket.destroy();
  }

  #open(socket: Socket, port: number, tls: TlsListener | null, proxied: ProxyAddresses | null): void {
    this.#early.delete(socket);
    if (tls === null) return this.#connection(socket, { tls: null, proxied, localPort: port, refusePlain: false });
    if (proxied !== null) {
      this.#proxied.set(socket, proxied);
      socket.on("close", () => this.#proxied.delete(socket));
    }
    tls.accept(socket);
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
    const gone = (connection: FrontConnection): void => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#allGone?.();
    };
    const open = (connection: FrontConnection): void => {
      this.#connections.add(connection);
      if (this.#core.closing) connection.closeWhenIdle();
    };
    if (applicationProtocol === "h2") return open(new H2Connection(this.#core, socket, origin, gone));
    // RFC 9113 section 3.3: on a plain port the client shows by its first bytes that it knows
    const mayBegin = origin.tls === null && !origin.refusePlain && this.#core.settings.http2 !== false;
    const preface = mayBegin
      ? new PrefaceCheck((bytes) => {
        const connection = new H2Connection(this.#core, socket, origin, gone);
        open(connection);
        connection.receive(bytes);
      })
      : null;
    open(new ClientConnection(this.#core, socket, origin, gone, preface));
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
