/**
 * Accepts connections on the TLS port, chooses the certificate, and hands out the sockets whose handshake is over.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { TlsInfo } from "../../http/exchange.ts";
import type { Logger } from "../../observe/logger.ts";
import { runtime, type TlsServer } from "../../runtime/mod.ts";
import { DEFAULT_CERTIFICATE, type Globals, type SnapshotUpdate } from "../../snapshot/snapshot.ts";
import { ContextCache, contextOptions, type KeyPair, versionOptions } from "./context-cache.ts";
import { PendingHandshakes } from "./pending-handshakes.ts";
import { compileProfile, sameApplications, sameContexts, type TlsProfile } from "./profile.ts";
import { FAKE_CERTIFICATE, makeSelfSigned } from "./self-signed.ts";
import { normaliseServerName } from "./server-name.ts";
import { SniTable } from "./sni-table.ts";

export interface TlsFrontOptions {
  readonly logger: Logger;
  /** Application protocols that the listener speaks, in order of preference: `["http/1.1"]`, later `["h2", "http/1.1"]`. */
  readonly applicationProtocols: readonly string[];
  /** Does a virtual host other than the catch-all answer to this name. Asked when `ssl-reject-handshake` is on. */
  readonly serves: (serverName: string) => boolean;
  /** The certificate for names that have none, asked for when it is needed. Default: one that is made then. */
  readonly selfSigned?: () => Promise<KeyPair>;
}

/** What came out of a handshake, beside the socket. */
export interface Handshake {
  readonly info: TlsInfo;
  /** By ALPN; empty: none. */
  readonly applicationProtocol: string;
  /** The socket that was accepted; may be the very one that is secure now. */
  readonly plain: Socket;
}

/** Who takes the connections of one listener. */
export interface TlsHandlers {
  /** A handshake is over. Attach an error listener at once. */
  secure(socket: Socket, handshake: Handshake): void;
  /**
   * What came is no TLS: plain HTTP on the TLS port, which nginx answers with 400. The bytes read so far have been put
   * back; the socket is paused.
   */
  plain(socket: Socket): void;
}

/** Takes connections that something else accepted. */
export interface TlsListener {
  /** Nothing may have been read from the socket that is not put back. */
  accept(socket: Socket): void;
  /** Closes the connections whose handshake is not over: for a shutdown. */
  dropPending(): void;
}

/** First byte of a TLS record that carries a handshake message (RFC 8446, section 5.1). */
const HANDSHAKE_RECORD = 22;
const SELF_SIGNED = "self-signed";

const INITIAL_PROFILE: TlsProfile = {
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.3",
  ciphers: "",
  sessionTimeoutSeconds: 0,
  applicationProtocols: [],
  rejectUnknown: true,
};

/** One for a process, whatever the number of listeners. */
export class TlsFront {
  readonly #options: TlsFrontOptions;
  readonly #table = new SniTable();
  readonly #contexts: ContextCache;
  #profile: TlsProfile = INITIAL_PROFILE;
  #problems: readonly string[] = [];
  #handshakeTimeoutMs = 60_000;
  #selfSigned: Promise<void> | null = null;
  /** The self-signed certificate is on its way: handshakes wait for it. */
  #waiting = false;
  /** The pair for handshakes without a server name. */
  #defaultPair: KeyPair | null = null;
  /** Counts what {@link TlsFront.#createServer} depends on. */
  #generation = 0;

  constructor(options: TlsFrontOptions) {
    this.#options = options;
    this.#contexts = new ContextCache(this.#profile, (id, message) => {
      options.logger.error("a certificate cannot be used, the default certificate is served", {
        certificate: id,
        message,
      });
    });
  }

  /** Takes over what changed; the first update must hold everything. Open connections and running handshakes go on. */
  apply(update: SnapshotUpdate): void {
    if (update.globals !== undefined) this.#configure(update.globals);
    for (const id of update.certificates.remove) this.#contexts.delete(id);
    for (const certificate of update.certificates.set) this.#contexts.set(certificate.id, certificate);
    this.#table.apply(update.virtualHosts);
    this.#makeSelfSigned();
    this.#chooseDefault();
  }

  /** Resolves when there is a certificate for every handshake; those that come before wait. */
  async ready(): Promise<void> {
    await this.#selfSigned;
  }

  /** Is a certificate registered for this host (without port), by its exact name or `*.` and the rest. Decides ssl-redirect. */
  has(host: string): boolean {
    return this.#table.has(normaliseServerName(host));
  }

  /** For the connections of one port, PROXY header already read. */
  listener(handlers: TlsHandlers): TlsListener {
    const pending = new PendingHandshakes();
    let server: TlsServer | null = null;
    let generation = 0;
    const handshake = (socket: Socket, first: Buffer): void => {
      if (server === null || generation !== this.#generation) {
        generation = this.#generation;
        server = this.#createServer(handlers, pending);
      }
      server.handshake(socket, first);
    };
    return {
      accept: (socket) => {
        pending.add(socket, this.#handshakeTimeoutMs);
        socket.on("error", ignore);
        // The listener lets sides end one by one; without a handshake there is nothing to go on with.
        socket.on("end", () => {
          if (pending.has(socket)) socket.destroy();
        });
        const firstBytes = (bytes: Buffer): void => {
          socket.off("data", firstBytes);
          if (bytes[0] !== HANDSHAKE_RECORD) {
            pending.delete(socket);
            socket.pause();
            socket.unshift(bytes);
            return handlers.plain(socket);
          }
          if (!this.#waiting) return handshake(socket, bytes);
          socket.pause();
          void this.ready().then(() => {
            if (!socket.destroyed) handshake(socket, bytes);
          });
        };
        socket.on("data", firstBytes);
        // Whoever had the socket before may have paused it.
        socket.resume();
      },
      dropPending: () => pending.drop(),
    };
  }

  /**
   * Replaced instead of changed, and only if need be: sessions are resumed by the server that they began with. Handshakes
   * that have begun end on the one they began with.
   */
  #createServer(handlers: TlsHandlers, pending: PendingHandshakes): TlsServer {
    const pair = this.#defaultPair;
    return runtime().tlsServer({
      context: pair === null ? versionOptions(this.#profile) : contextOptions(pair, this.#profile),
      applicationProtocols: this.#profile.applicationProtocols,
      choose: (name) => this.#choose(normaliseServerName(name)),
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

  #choose(serverName: string): SecureContext | Error {
    if (this.#profile.rejectUnknown && (serverName === "" || !this.#options.serves(serverName))) {
      return new Error(`no host for the server name "${serverName}"`);
    }
    for (const id of this.#candidates(serverName)) {
      const context = this.#contexts.get(id);
      if (context !== null) return context;
    }
    return new Error("there is no default certificate yet");
  }

  /** Certificates for a server name, the best first. */
  #candidates(serverName: string): readonly string[] {
    return [this.#table.certificateFor(serverName), DEFAULT_CERTIFICATE, SELF_SIGNED];
  }

  /** For handshakes without a server name; a server that is refused them anyway needs none. */
  #chooseDefault(): void {
    const usable = this.#profile.rejectUnknown
      ? undefined
      : this.#candidates("").find((id) => this.#contexts.get(id) !== null);
    const pair = usable === undefined ? null : this.#contexts.pair(usable);
    if (pair === this.#defaultPair) return;
    this.#defaultPair = pair;
    this.#generation++;
  }

  #configure(globals: Globals): void {
    const { profile, problems } = compileProfile(globals.tls, this.#options.applicationProtocols);
    for (const problem of problems) {
      if (!this.#problems.includes(problem)) {
        this.#options.logger.warning("a TLS setting is not honoured", { message: problem });
      }
    }
    this.#problems = problems;
    if (!sameContexts(profile, this.#profile)) {
      this.#contexts.use(profile);
      this.#generation++;
    } else if (!sameApplications(profile, this.#profile)) this.#generation++;
    this.#profile = profile;
    this.#handshakeTimeoutMs = globals.client.headerTimeoutMs;
  }

  /** The self-signed certificate is made when it is first needed; if that fails, handshakes fail. */
  #makeSelfSigned(): void {
    if (this.#selfSigned !== null || this.#contexts.get(DEFAULT_CERTIFICATE) !== null) return;
    const { selfSigned = () => makeSelfSigned(FAKE_CERTIFICATE) } = this.#options;
    this.#waiting = true;
    this.#selfSigned = selfSigned().then((pair) => {
      this.#contexts.set(SELF_SIGNED, pair);
      this.#chooseDefault();
    }, (error: unknown) => {
      this.#selfSigned = null; // the next update tries again
      this.#options.logger.error("the self-signed certificate cannot be made", { message: String(error) });
    }).finally(() => this.#waiting = false);
  }
}

function ignore(): void {}
