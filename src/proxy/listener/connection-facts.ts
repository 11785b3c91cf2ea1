/**
 * Facts about a client's connection, whatever its protocol.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { RequestLimits, TlsInfo } from "../../http/mod.ts";
import { canonicalIp, type ProxyAddresses } from "../../net/mod.ts";
import type { ServerConnection } from "../contract.ts";
import { Timed } from "../deadline-wheel.ts";
import type { WireCore } from "../exchange/mod.ts";

/** Origin of a connection. */
export interface ConnectionOrigin {
  readonly tls: TlsInfo | null;
  readonly proxied: ProxyAddresses | null;
  /** Port of the listener. */
  readonly localPort: number;
  /** Plain text came on a TLS port: every request is answered with 400. */
  readonly refusePlain: boolean;
}

/** Base class of the connections of each version. */
export abstract class ConnectionFacts extends Timed implements ServerConnection {
  readonly id: number;
  readonly peerAddress: string;
  /** Port of the client; read at the start, because a closed socket no longer has it and the log needs it. */
  readonly peerPort: number;
  readonly openedAtMs: number;
  readonly localPort: number;
  readonly tls: TlsInfo | null;
  readonly proxied: ProxyAddresses | null;
  requestCount = 0;
  memo: unknown = null;
  protected readonly core: WireCore;
  protected readonly socket: Socket;
  #localAddress: string | null = null;

  constructor(core: WireCore, socket: Socket, origin: ConnectionOrigin) {
    super(core.wheel);
    this.core = core;
    this.socket = socket;
    this.id = core.connectionId();
    // no event of the socket has updated the time yet
    core.tick();
    this.openedAtMs = core.nowMs;
    this.peerAddress = canonicalIp(socket.remoteAddress ?? "") ?? socket.remoteAddress ?? "";
    this.peerPort = socket.remotePort ?? 0;
    this.localPort = origin.localPort;
    this.tls = origin.tls;
    this.proxied = origin.proxied;
  }

  /** Limits of a head until its host is known: those of the host of the server name, else of the default host. */
  limits(): RequestLimits {
    const { settings } = this.core;
    const { hosts } = settings;
    return hosts === undefined ? settings : { ...settings, ...hosts.of(this.tls?.serverName ?? "") };
  }

  get localAddress(): string {
    return this.#localAddress ??= canonicalIp(this.socket.localAddress ?? "") ?? "";
  }
}
