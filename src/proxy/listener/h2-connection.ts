/**
 * An HTTP/2 connection of a client: a session on a socket, one exchange a stream.
 *
 * @see RFC 9113
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { ErrorCode, ServerSession } from "../../http/h2/mod.ts";
import { ConnectionFacts, type ConnectionOrigin } from "./connection-facts.ts";
import type { WireCore } from "../exchange/core.ts";
import type { ExchangePool } from "../exchange/exchange-pool.ts";
import { H2Downstream, type H2Home } from "./h2-stream.ts";

/** Body bytes of one stream that a client may send before they are used up, as much as nginx's http2_body_preread_size. */
const STREAM_WINDOW_BYTES = 65536;
/** After GOAWAY the client has this long to take what was written. */
const CLOSE_MS = 5_000;
/** The same at the end of the process, where a client that answers has said by then that it knows of the end. */
const SHUTDOWN_MS = 500;

/** One connection. */
export class H2Connection extends ConnectionFacts implements H2Home {
  readonly #session: ServerSession<H2Downstream>;
  readonly #onClose: (connection: H2Connection) => void;
  #closing = false;
  /** Streams that hold small parts of their bodies back until the event of the socket is over. */
  readonly #gathering: H2Downstream[] = [];
  /** The end was announced because nothing was asked for. */
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
    // what goes wrong shows as a close
    socket.on("error", () => {});
    this.setDeadline(settings.headerTimeoutMs);
  }

  /** Bytes as they come, those first that were read before the version was known. */
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

  /** For a shutdown: no further requests; the connection ends with the last of its streams. */
  closeWhenIdle(): void {
    this.#announceEnd();
  }

  /** Cuts whatever is going on. */
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

  /** The stream wants to be called at the end of the socket's event. */
  gathers(stream: H2Downstream): void {
    this.#gathering.push(stream);
  }

  /** A stream is over, whoever ended it: without any, the connection is idle. */
  streamOver(): void {
    if (this.#idle || this.#closing || this.#session.activeStreams > 0) return;
    this.#idle = true;
    this.core.counters.idle++;
    if (this.core.closing) this.#announceEnd();
    else this.setDeadline(this.core.settings.keepAliveMs || CLOSE_MS);
  }

  /** Says goodbye; who does not answer is cut. */
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
    // a client that has been told in good order need not end its side for that
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
    // Nothing has been asked for a while.
    this.core.guard(this, () => this.#announceEnd());
  }
}
