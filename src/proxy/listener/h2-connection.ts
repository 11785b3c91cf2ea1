/**
 * An HTTP/2 connection of a client: a session on a socket, with one exchange for each stream.
 *
 * @see RFC 9113
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { ErrorCode, ServerSession } from "../../http/h2/mod.ts";
import { ConnectionFacts, type ConnectionOrigin } from "./connection-facts.ts";
import type { ExchangePool, WireCore } from "../exchange/mod.ts";
import { H2Downstream, type H2Home } from "./h2-stream.ts";

/** Body bytes of a stream that a client may send before they are used, as with nginx's http2_body_preread_size. */
const STREAM_WINDOW_BYTES = 65536;
/** Time after GOAWAY in which the client must take the written bytes. */
const CLOSE_MS = 5_000;
/** The same at the end of the process, when the client has acknowledged the end. */
const SHUTDOWN_MS = 500;

/** One HTTP/2 connection. */
export class H2Connection extends ConnectionFacts implements H2Home {
  readonly #session: ServerSession<H2Downstream>;
  readonly #onClose: (connection: H2Connection) => void;
  #closing = false;
  /** Streams that hold small parts of their bodies until the end of the socket's event. */
  readonly #gathering: H2Downstream[] = [];
  /** The end was announced because the connection was idle. */
  #announced = false;
  #idle = true;

  constructor(
    core: WireCore,
    readonly exchanges: ExchangePool,
    socket: Socket,
    origin: ConnectionOrigin,
    onClose: (connection: H2Connection) => void,
  ) {
    super(core, socket, origin);
    this.#onClose = onClose;
    const { settings } = core;
    core.counters.idle++;
    this.#session = new ServerSession<H2Downstream>(
      {
        maxConcurrentStreams: settings.maxConcurrentStreams ?? 128,
        maxHeaderListBytes: settings.hosts?.mostBytes ?? settings.maxHeadBytes,
        streamWindowBytes: STREAM_WINDOW_BYTES,
        maxRequests: settings.keepAliveMs === 0 ? 1 : settings.keepAliveRequests,
      },
      {
        write: (bytes) => socket.write(bytes),
        request: (stream, request, ended) => {
          this.#count();
          new H2Downstream(core, this, this.#session, stream).begin(request, ended);
        },
        oversized: (stream) => {
          this.#count();
          new H2Downstream(core, this, this.#session, stream).oversized();
        },
        data: (stream, bytes) => stream.context!.data(bytes),
        end: (stream, trailers) => stream.context!.ended(trailers),
        reset: (stream) => {
          stream.context!.reset();
          this.streamOver();
        },
        drain: (stream) => stream.context!.drained(),
        finished: (stream) => {
          stream.context!.finished();
          this.streamOver();
        },
        received: () => {
          for (let i = 0; i < this.#gathering.length; i++) this.#gathering[i]!.deliverGathered();
          this.#gathering.length = 0;
        },
        close: (code, message) => this.#close(code, message),
      },
      { backlog: core.backlog },
    );
    socket.on("data", (bytes: Buffer) => this.receive(bytes));
    socket.on("drain", () => core.guard(this, () => this.#session.drained()));
    socket.on("end", () => this.cut());
    socket.on("close", () => this.#closed());
    // errors are handled by the close event that follows
    socket.on("error", () => {});
    this.setDeadline(settings.headerTimeoutMs);
  }

  /** Takes bytes, first those that were read before the version was known. */
  receive(bytes: Uint8Array): void {
    this.core.tick();
    try {
      this.#session.receive(bytes);
    } catch (error) {
      this.core.internalError(error);
      this.cut();
    }
  }

  get idle(): boolean {
    return this.#idle;
  }

  /** For a shutdown: refuses further requests, and ends the connection with the last stream. */
  closeWhenIdle(): void {
    this.#announceEnd();
  }

  /** Cuts the connection, whatever its state. */
  cut(): void {
    this.#session.disconnected();
    this.stopTiming();
    this.socket.destroy();
  }

  #count(): void {
    this.requestCount++;
    if (!this.#idle) return;
    this.#idle = false;
    this.core.counters.idle--;
    this.clearDeadline();
  }

  /** Asks for a call of the stream at the end of the socket's event. */
  gathers(stream: H2Downstream): void {
    this.#gathering.push(stream);
  }

  /** A stream is over; without any, the connection is idle. */
  streamOver(): void {
    if (this.#idle || this.#closing || this.#session.activeStreams > 0) return;
    this.#idle = true;
    this.core.counters.idle++;
    if (this.core.closing) this.#announceEnd();
    else this.setDeadline(this.core.settings.keepAliveMs || CLOSE_MS);
  }

  /** Announces the end; a client that does not answer is cut. */
  #announceEnd(): void {
    this.#announced = true;
    this.#session.shutdown();
    if (this.#idle && !this.#closing) this.setDeadline(this.core.closing ? SHUTDOWN_MS : CLOSE_MS);
  }

  #close(code: number, message: string): void {
    this.#closing = true;
    if (code === ErrorCode.enhanceYourCalm) this.core.tellFlood(this.peerAddress, message);
    else if (code !== ErrorCode.noError) {
      this.core.logger.debug("a client violated the HTTP/2 protocol", { client: this.peerAddress, code, message });
    }
    this.setDeadline(CLOSE_MS);
    // a client that has acknowledged the end need not end its side
    if (this.core.closing && code === ErrorCode.noError) this.socket.once("finish", () => this.cut());
    this.socket.end();
  }

  #closed(): void {
    this.#session.disconnected();
    if (this.#idle) this.core.counters.idle--;
    this.#idle = false;
    this.stopTiming();
    this.#onClose(this);
  }

  override expired(): void {
    if (this.#closing || this.#announced) return this.cut();
    // The connection has been idle for the keep-alive time.
    this.core.guard(this, () => this.#announceEnd());
  }
}
