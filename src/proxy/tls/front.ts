/**
 * Accepts connections on the TLS port, chooses the certificate, and hands out the sockets whose handshake is over.
 *
 * @module
 */
import { createServer as createNetServer, type Server as NetServer, type Socket } from "node:net";
import {
  createServer as createTlsServer,
  type SecureContext,
  type Server as TlsServer,
  type TLSSocket,
} from "node:tls";
import type { TlsInfo } from "../../http/exchange.ts";
import type { Logger } from "../../observe/logger.ts";
import { DEFAULT_CERTIFICATE, type Globals, type SnapshotUpdate } from "../../snapshot/snapshot.ts";
import { ContextCache, contextOptions, type KeyPair, versionOptions } from "./context-cache.ts";
import { PendingHandshakes } from "./pending-handshakes.ts";
import { compileProfile, sameContexts, type TlsProfile } from "./profile.ts";
import { FAKE_CERTIFICATE, makeSelfSigned } from "./self-signed.ts";
import { normaliseServerName } from "./server-name.ts";
import { SniTable } from "./sni-table.ts";
import { tlsInfoOf } from "./tls-info.ts";

export interface TlsFrontOptions {
  readonly logger: Logger;
  /** Application protocols that the listener speaks, in order of preference: `["http/1.1"]`, later `["h2", "http/1.1"]`. */
  readonly applicationProtocols: readonly string[];
  /** Does a virtual host other than the catch-all answer to this name. Asked when `ssl-reject-handshake` is on. */
  readonly serves: (serverName: string) => boolean;
  /** The certificate for names that have none, asked for when it is needed. Default: one that is made then. */
  readonly selfSigned?: () => Promise<KeyPair>;
}

/** Who takes the connections of one listener. */
export interface TlsHandlers {
  /** A handshake is over. Attach an error listener at once. */
  secure(socket: TLSSocket, info: TlsInfo): void;
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
const MAX_TIMER_MS = 0x7fffffff;

const INITIAL_PROFILE: TlsProfile = {
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.3",
  ciphers: "",
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
  /** Counts what {@link TlsFront.#createTlsServer} depends on. */
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
    this.#generation++;
  }

  /** Resolves when there is a certificate for every handshake; those that come before wait. */
  async ready(): Promise<void> {
    await this.#selfSigned;
  }

  /** Is a certificate registered for this host (without port), by its exact name or `*.` and the rest. Decides ssl-redirect. */
  has(host: string): boolean {
    return this.#table.has(normaliseServerName(host));
  }

  /** A server to be listened with, and closed, by the caller. */
  createServer(handlers: TlsHandlers): NetServer {
    const listener = this.listener(handlers);
    const server = createNetServer({ noDelay: true }, listener.accept);
    server.on("close", listener.dropPending);
    return server;
  }

  /** For connections that something else accepted: after a PROXY header, for instance. */
  listener(handlers: TlsHandlers): TlsListener {
    const pending = new PendingHandshakes();
    let server: TlsServer | null = null;
    let generation = 0;
    const handshake = (socket: Socket): void => {
      if (this.#waiting) {
        void this.ready().then(() => {
          if (!socket.destroyed) handshake(socket);
        });
        return;
      }
      if (server === null || generation !== this.#generation) {
        generation = this.#generation;
        server = this.#createTlsServer(handlers, pending);
      }
      server.emit("connection", socket);
    };
    return {
      accept: (socket) => {
        pending.add(socket, this.#handshakeTimeoutMs);
        socket.on("error", ignore);
        // The listener lets sides end one by one; without a handshake there is nothing to go on with.
        socket.once("end", () => {
          if (pending.has(socket)) socket.destroy();
        });
        socket.once("data", (bytes: Buffer) => {
          socket.pause();
          socket.unshift(bytes);
          if (bytes[0] === HANDSHAKE_RECORD) return handshake(socket);
          pending.delete(socket);
          handlers.plain(socket);
        });
        // Whoever had the socket before may have paused it.
        socket.resume();
      },
      dropPending: () => pending.drop(),
    };
  }

  /**
   * Never listens, only takes sockets, so it is cheap, and it is replaced instead of changed: its default certificate
   * and protocols are fixed for its life. Handshakes that have begun end on the one they began with.
   */
  #createTlsServer(handlers: TlsHandlers, pending: PendingHandshakes): TlsServer {
    const pair = this.#profile.rejectUnknown ? null : this.#defaultPair();
    const server = createTlsServer({
      // Bun asks the callback only for handshakes with a server name; the others get the pair that the server has.
      ...(pair === null ? versionOptions(this.#profile) : contextOptions(pair, this.#profile)),
      SNICallback: (name, done) => this.#choose(normaliseServerName(name), done),
      ALPNProtocols: [...this.#profile.applicationProtocols],
      // PendingHandshakes watches from the first moment on; this one would begin with the first byte.
      handshakeTimeout: MAX_TIMER_MS,
    });
    server.on("secureConnection", (socket) => {
      pending.delete(socket);
      handlers.secure(socket, tlsInfoOf(socket));
    });
    server.on("tlsClientError", (error, socket) => {
      this.#options.logger.debug("a TLS handshake failed", { peer: socket.remoteAddress, message: error.message });
      socket.destroy();
    });
    return server;
  }

  #choose(serverName: string, done: (error: Error | null, context?: SecureContext) => void): void {
    if (this.#profile.rejectUnknown && (serverName === "" || !this.#options.serves(serverName))) {
      return done(new Error(`no host for the server name "${serverName}"`));
    }
    for (const id of [this.#table.certificateFor(serverName), DEFAULT_CERTIFICATE, SELF_SIGNED]) {
      const context = this.#contexts.get(id);
      if (context !== null) return done(null, context);
    }
    done(new Error("there is no default certificate yet"));
  }

  /** For handshakes without a server name. */
  #defaultPair(): KeyPair | null {
    for (const id of [this.#table.certificateFor(""), DEFAULT_CERTIFICATE, SELF_SIGNED]) {
      if (this.#contexts.get(id) !== null) return this.#contexts.pair(id);
    }
    return null;
  }

  #configure(globals: Globals): void {
    const { profile, problems } = compileProfile(globals.tls, this.#options.applicationProtocols);
    for (const problem of problems) {
      if (!this.#problems.includes(problem)) {
        this.#options.logger.warning("a TLS setting is not honoured", { message: problem });
      }
    }
    this.#problems = problems;
    if (!sameContexts(profile, this.#profile)) this.#contexts.use(profile);
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
      this.#generation++;
    }, (error: unknown) => {
      this.#selfSigned = null; // the next update tries again
      this.#options.logger.error("the self-signed certificate cannot be made", { message: String(error) });
    }).finally(() => this.#waiting = false);
  }
}

function ignore(): void {}
