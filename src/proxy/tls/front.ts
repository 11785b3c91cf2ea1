/**
 * Accepts TLS connections, chooses certificates, and hands out the sockets after the handshake.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { TlsInfo } from "../../http/exchange.ts";
import type { Logger } from "../../observe/mod.ts";
import { runtime, type TlsServer } from "../../runtime/mod.ts";
import {
  type Changes,
  DEFAULT_CERTIFICATE,
  DEFAULT_TLS_PROFILE,
  type Globals,
  type SnapshotUpdate,
  type TlsProfile,
  type VirtualHost,
} from "../../snapshot/snapshot.ts";
import { ClientHelloReader } from "../../net/mod.ts";
import { type KeyPair, KeyPairs } from "./context-cache.ts";
import { PendingHandshakes } from "./pending-handshakes.ts";
import { ProfileState } from "./profile-state.ts";
import { FAKE_CERTIFICATE, makeSelfSigned } from "./self-signed.ts";
import { normaliseServerName } from "./server-name.ts";
import { SniTable } from "./sni-table.ts";

export interface TlsFrontOptions {
  readonly logger: Logger;
  /** Application protocols of the listener in order of preference, e.g. `["h2", "http/1.1"]`. */
  readonly applicationProtocols: readonly string[];
  /** True when a virtual host other than the catch-all serves the name. Called while `ssl-reject-handshake` is on. */
  readonly serves: (serverName: string) => boolean;
  /** The virtual host that serves the name; an empty name: the client sent none. Default: no host is known. */
  readonly hostFor?: (serverName: string) => Pick<VirtualHost, "tls" | "tlsProfile"> | undefined;
  /** Makes the certificate for names without one, when it is needed. Default: a self-signed one. */
  readonly selfSigned?: () => Promise<KeyPair>;
}

/** Result of a handshake, beside the socket. */
export interface Handshake {
  readonly info: TlsInfo;
  /** Protocol that ALPN selected; empty when there is none. */
  readonly applicationProtocol: string;
  /** The accepted socket; it may be the secure socket itself. */
  readonly plain: Socket;
}

/** Takes the connections of one listener. */
export interface TlsHandlers {
  /** A handshake has succeeded. The handler must attach an error listener at once. */
  secure(socket: Socket, handshake: Handshake): void;
  /**
   * The client sent plain text on the TLS port, which nginx answers with 400. The bytes read so far have been put back;
   * the socket is paused.
   */
  plain(socket: Socket): void;
  /**
   * The ClientHello names a host whose connections are relayed to `upstream` unchanged. The bytes read so far have been
   * put back; the socket is paused. Default: such connections are closed.
   */
  passthrough?(socket: Socket, upstream: string): void;
}

/** Takes connections that a TCP listener accepted. */
export interface TlsListener {
  /** Begins the handshake. Bytes that were read from the socket must have been put back. */
  accept(socket: Socket): void;
  /** Number of connections in their handshake. */
  readonly pending: number;
  /** Closes the connections in their handshake, for a shutdown. */
  dropPending(): void;
}

/** First byte of a TLS record that carries a handshake message (RFC 8446, section 5.1). */
const HANDSHAKE_RECORD = 22;
const SELF_SIGNED = "self-signed";

/** One for a process, whatever the number of listeners. */
export class TlsFront {
  readonly #options: TlsFrontOptions;
  readonly #table = new SniTable();
  readonly #pairs = new KeyPairs();
  readonly #profiles = new Map<string, ProfileState>();
  /** Hosts whose connections are passed through. */
  readonly #passthrough = new Set<string>();
  #problems: ReadonlySet<string> = new Set();
  #handshakeTimeoutMs = 60_000;
  #tls: Globals["tls"] | null = null;
  #selfSigned: Promise<void> | null = null;
  /** The self-signed certificate is being made, and handshakes wait for it. */
  #waiting = false;

  constructor(options: TlsFrontOptions) {
    this.#options = options;
  }

  /** Applies an update; the first one must be complete. Open connections and running handshakes go on. */
  apply(update: SnapshotUpdate): void {
    if (update.globals !== undefined) {
      this.#tls = update.globals.tls;
      this.#handshakeTimeoutMs = update.globals.client.headerTimeoutMs;
    }
    for (const id of update.certificates.remove) {
      this.#pairs.delete(id);
      for (const { contexts } of this.#profiles.values()) contexts.forget(id);
    }
    for (const certificate of update.certificates.set) this.#pairs.set(certificate.id, certificate);
    if (update.globals !== undefined || update.tlsProfiles.set.length + update.tlsProfiles.remove.length > 0) {
      this.#configure(update.tlsProfiles);
    }
    this.#notePassthrough(update.virtualHosts);
    this.#table.apply(update.virtualHosts);
    this.#makeSelfSigned();
    this.#chooseDefaults();
  }

  /** Resolves when there is a certificate for every handshake; earlier handshakes wait. */
  async ready(): Promise<void> {
    await this.#selfSigned;
  }

  /**
   * True when a certificate is registered for the host (without port), by its exact name or by `*.` and the rest.
   * Decides ssl-redirect.
   */
  has(host: string): boolean {
    return this.#table.has(normaliseServerName(host));
  }

  /** Makes a listener for the connections of one port, after the PROXY header. */
  listener(handlers: TlsHandlers): TlsListener {
    const pending = new PendingHandshakes();
    const servers = new Map<ProfileState, { readonly server: TlsServer; readonly generation: number }>();
    const handshake = (socket: Socket, first: Buffer, profile: ProfileState): void => {
      let made = servers.get(profile);
      if (made === undefined || made.generation !== profile.generation) {
        for (const known of servers.keys()) if (!this.#isInForce(known)) servers.delete(known);
        made = { server: this.#createServer(handlers, pending, profile), generation: profile.generation };
        servers.set(profile, made);
      }
      made.server.handshake(socket, first);
    };
    const begin = (socket: Socket, first: Buffer, profile: ProfileState | undefined): void => {
      // no update has come yet, or the profile of the host is missing
      if (profile === undefined) return void socket.destroy();
      if (!this.#waiting) return handshake(socket, first, profile);
      socket.pause();
      void this.ready().then(() => {
        if (!socket.destroyed) handshake(socket, first, profile);
      });
    };
    /** Passes the socket on with the bytes that were read of it. */
    const giveBack = (socket: Socket, bytes: Buffer): void => {
      pending.delete(socket);
      socket.pause();
      socket.unshift(bytes);
    };
    return {
      accept: (socket) => {
        pending.add(socket, this.#handshakeTimeoutMs);
        socket.on("error", ignore);
        // The two sides of a socket end separately; without a handshake the connection is of no use.
        socket.on("end", () => {
          if (pending.has(socket)) socket.destroy();
        });
        const firstBytes = (bytes: Buffer): void => {
          socket.off("data", firstBytes);
          if (bytes[0] !== HANDSHAKE_RECORD) {
            giveBack(socket, bytes);
            return handlers.plain(socket);
          }
          if (!this.#peeks) return begin(socket, bytes, this.#profiles.get(DEFAULT_TLS_PROFILE));
          this.#peek(socket, bytes, (serverName, all) => {
            const host = this.#options.hostFor?.(serverName);
            if (host?.tls.kind !== "passthrough") {
              return begin(socket, all, this.#profiles.get(host?.tlsProfile ?? DEFAULT_TLS_PROFILE));
            }
            giveBack(socket, all);
            if (handlers.passthrough === undefined) socket.destroy();
            else handlers.passthrough(socket, host.tls.upstream);
          });
        };
        socket.on("data", firstBytes);
        // The previous owner may have paused the socket.
        socket.resume();
      },
      get pending(): number {
        return pending.size;
      },
      dropPending: () => pending.drop(),
    };
  }

  /** True while the ClientHello decides more than the certificate. */
  get #peeks(): boolean {
    return this.#profiles.size > 1 || this.#passthrough.size > 0;
  }

  #isInForce(profile: ProfileState): boolean {
    for (const known of this.#profiles.values()) if (known === profile) return true;
    return false;
  }

  /** Reads the ClientHello within the deadline of the handshake. A malformed one ends the connection. */
  #peek(socket: Socket, first: Buffer, done: (serverName: string, bytes: Buffer) => void): void {
    const reader = new ClientHelloReader();
    const take = (bytes: Uint8Array): void => {
      const hello = reader.push(bytes);
      if (hello.kind === "incomplete") return;
      socket.off("data", take);
      if (hello.kind === "hello") {
        const { buffer, byteOffset, length } = reader.bytes;
        return done(normaliseServerName(hello.serverName ?? ""), Buffer.from(buffer, byteOffset, length));
      }
      this.#options.logger.debug("a TLS handshake failed", { peer: socket.remoteAddress, message: hello.message });
      socket.destroy();
    };
    socket.on("data", take);
    take(first);
  }

  /**
   * Servers are replaced, and only when their settings change, because a session is resumed by the server that made it.
   * Handshakes end on the server that they began with.
   */
  #createServer(handlers: TlsHandlers, pending: PendingHandshakes, profile: ProfileState): TlsServer {
    return runtime().tlsServer({
      context: profile.serverContext,
      applicationProtocols: profile.settings.applicationProtocols,
      choose: (name) => this.#choose(normaliseServerName(name), profile),
      secure: (socket, agreement, plain) => {
        pending.delete(plain);
        const { applicationProtocol } = agreement;
        const info: TlsInfo = { ...agreement, serverName: normaliseServerName(agreement.serverName) };
        handlers.secure(socket, { info, applicationProtocol, plain });
      },
      failed: (error, plain) => {
        this.#options.logger.debug("a TLS handshake failed", { peer: plain.remoteAddress, message: error.message });
      },
    });
  }

  #choose(serverName: string, profile: ProfileState): SecureContext | Error {
    if (profile.settings.rejectUnknown && (serverName === "" || !this.#options.serves(serverName))) {
      return new Error(`no host for the server name "${serverName}"`);
    }
    for (const id of this.#candidates(serverName)) {
      const context = profile.contexts.get(id);
      if (context !== null) return context;
    }
    return new Error("there is no default certificate yet");
  }

  /** Certificates for a server name, the best first. */
  #candidates(serverName: string): readonly string[] {
    return [this.#table.certificateFor(serverName), DEFAULT_CERTIFICATE, SELF_SIGNED];
  }

  /** Chooses the certificate for handshakes without a server name; a server that refuses them needs none. */
  #chooseDefaults(): void {
    for (const profile of this.#profiles.values()) {
      const usable = profile.settings.rejectUnknown
        ? undefined
        : this.#candidates("").find((id) => profile.contexts.get(id) !== null);
      profile.useDefault(usable === undefined ? null : this.#pairs.get(usable) ?? null);
    }
  }

  #configure({ set, remove }: Changes<TlsProfile>): void {
    const tls = this.#tls;
    if (tls === null) throw new TypeError("a first update must bring the globals");
    for (const id of remove) this.#profiles.delete(id);
    const given = new Map(set.map((profile) => [profile.id, profile]));
    for (const [id, state] of this.#profiles) state.update(given.get(id), tls);
    for (const [id, profile] of given) {
      if (this.#profiles.has(id)) continue;
      const { applicationProtocols, logger } = this.#options;
      this.#profiles.set(
        id,
        new ProfileState(profile, tls, applicationProtocols, this.#pairs, (certificate, message) => {
          logger.error("a certificate cannot be used, the default certificate is served", { certificate, message });
        }),
      );
    }
    const problems = new Set([...this.#profiles.values()].flatMap((state) => state.problems));
    for (const message of problems) {
      if (!this.#problems.has(message)) this.#options.logger.warning("a TLS setting is not honoured", { message });
    }
    this.#problems = problems;
  }

  #notePassthrough({ set, remove }: Changes<VirtualHost>): void {
    for (const name of remove) this.#passthrough.delete(name);
    for (const { name, tls } of set) {
      if (tls.kind === "passthrough") this.#passthrough.add(name);
      else this.#passthrough.delete(name);
    }
  }

  /** Makes the self-signed certificate when it is first needed; if that fails, handshakes fail. */
  #makeSelfSigned(): void {
    if (this.#selfSigned !== null) return;
    const usable = this.#profiles.get(DEFAULT_TLS_PROFILE)?.contexts.get(DEFAULT_CERTIFICATE) ?? null;
    if (usable !== null) return;
    const { selfSigned = () => makeSelfSigned(FAKE_CERTIFICATE) } = this.#options;
    this.#waiting = true;
    this.#selfSigned = selfSigned().then((pair) => {
      this.#pairs.set(SELF_SIGNED, pair);
      this.#chooseDefaults();
    }, (error: unknown) => {
      this.#selfSigned = null; // the next update tries again
      this.#options.logger.error("the self-signed certificate cannot be made", { message: String(error) });
    }).finally(() => this.#waiting = false);
  }
}

function ignore(): void {}
