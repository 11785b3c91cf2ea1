/**
 * What is known of a client's connection whatever is spoken on it.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { RequestLimits, TlsInfo } from "../../http/mod.ts";
import { canonicalIp } from "../../net/mod.ts";
import type { ProxyAddresses } from "../../net/proxy-protocol.ts";
import type { ServerConnection } from "../contract.ts";
import { Timed } from "../deadline-wheel.ts";
import type { WireCore } from "../exchange/core.ts";

/** How a connection came in. */
export interface ConnectionOrigin {
  readonly tls: TlsInfo | null;
  readonly proxied: ProxyAddresses | null;
  /** Port listened on. */
  readonly localPort: number;
  /** Plain text came in on a TLS port: every request is answered by 400. */
  readonly refusePlain: boolean;
}

/** Base of the connections of each version. */
export abstract class ConnectionFacts extends Timed implements ServerConnection {
  readonly id: number;
  readonly peerAddress: string;
  /** Read at once: a socket that is closed does not know it any more, and what is logged then needs it. */
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
    // no event of a socket has brought the time up to date before
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
