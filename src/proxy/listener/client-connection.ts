/**
 * A connection of a client with HTTP/1.1 or 1.0: reads requests one after the other, and writes their responses.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { INCOMPLETE, REFUSED, RequestHead, RequestReader, statusLine } from "../../http/mod.ts";
import { ClientBody, type ClientBodyOwner, MAX_DISCARD_BYTES } from "./client-body.ts";
import { ClientInput, HOLD, type InputOwner } from "./client-input.ts";
import { ConnectionFacts, type ConnectionOrigin } from "./connection-facts.ts";
import type {
  BodySink,
  Downstream,
  ExchangePool,
  OutgoingResponse,
  TunnelSink,
  WireCore,
  WireExchange,
} from "../exchange/mod.ts";
import { beginExchange, openExchange, refuseExchange } from "./h1-exchange.ts";
import { H1Writer } from "./h1-writer.ts";
import { Phase } from "./client-phase.ts";
import { isPreface, type PrefaceCheck } from "./preface-check.ts";

/** nginx's lingering_timeout and lingering_time. */
const LINGER_IDLE_MS = 5_000;
const LINGER_TOTAL_MS = 30_000;

/** One HTTP/1 connection. */
export class ClientConnection extends ConnectionFacts implements Downstream, InputOwner, ClientBodyOwner {
  readonly #exchanges: ExchangePool;
  readonly #input: ClientInput;
  readonly #reader: RequestReader;
  readonly #body: ClientBody;
  readonly #writer: H1Writer;
  readonly #refusePlain: boolean;
  readonly #onClose: (connection: ClientConnection) => void;
  /** `null` once the first bytes have ruled HTTP/2 out. */
  #preface: PrefaceCheck | null;
  #phase: number = Phase.idle;
  #exchange: WireExchange | null = null;
  #tunnel: TunnelSink | null = null;
  #keepAlive = false;
  #lingerEnd = 0;
  #headBytes = 0;

  constructor(
    core: WireCore,
    exchanges: ExchangePool,
    socket: Socket,
    origin: ConnectionOrigin,
    onClose: (connection: ClientConnection) => void,
    preface: PrefaceCheck | null = null,
  ) {
    super(core, socket, origin);
    this.#exchanges = exchanges;
    this.#onClose = onClose;
    this.#preface = preface;
    this.#refusePlain = origin.refusePlain;
    this.#input = new ClientInput(socket, this);
    this.#reader = new RequestReader(new RequestHead());
    this.#body = new ClientBody(socket, this.#reader, this.#input, this);
    this.#writer = new H1Writer(socket, core.backlog, () => this.#updateDeadline());
    core.counters.idle++;
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("drain", () => core.guard(this, () => this.#drained()));
    socket.on("end", () => core.guard(this, () => this.#ended()));
    socket.on("close", () => this.#closed());
    socket.on("error", seenAtClose);
    this.setDeadline(core.settings.headerTimeoutMs);
  }

  get passesChunks(): boolean {
    return this.#writer.chunked;
  }

  get requestComplete(): boolean {
    return this.#reader.bodyDone;
  }

  // ---- receiving

  #received(bytes: Buffer): void {
    this.core.tick();
    try {
      if (this.#preface !== null && this.#phase === Phase.idle) this.#receivedFirst(bytes, this.#preface);
      else this.#input.received(bytes);
    } catch (error) {
      this.core.internalError(error);
      this.cut();
    }
  }

  #receivedFirst(bytes: Buffer, preface: PrefaceCheck): void {
    const first = preface.look(bytes);
    if (first === null) return;
    this.#preface = null;
    if (!isPreface(first)) return this.#input.received(first);
    this.core.counters.idle--;
    this.#phase = Phase.closed;
    this.stopTiming();
    this.socket.removeAllListeners("data");
    preface.http2(first);
    this.#onClose(this);
  }

  take(bytes: Buffer, at: number): number {
    switch (this.#phase) {
      case Phase.idle:
      case Phase.head:
        return this.#readHead(bytes, at);
      case Phase.exchange:
        return this.#body.wanted ? this.#body.take(bytes, at) : HOLD;
      case Phase.discard:
        return this.#discard(bytes, at);
      case Phase.flushing:
        return HOLD;
      case Phase.linger:
        this.#lingerOn();
        break;
      case Phase.tunnel:
        this.#tunnel!.tunnelData(at === 0 ? bytes : bytes.subarray(at));
    }
    return bytes.length;
  }

  /** Reads a head; returns the offset after it. */
  #readHead(bytes: Buffer, at: number): number {
    const { settings } = this.core;
    const end = this.#reader.readHead(bytes, at, this.limits());
    if (end === INCOMPLETE) {
      if (this.#phase === Phase.idle) {
        this.#phase = Phase.head;
        this.core.counters.idle--;
        this.#headBytes = 0;
        this.setDeadline(settings.headerTimeoutMs);
      }
      this.#headBytes += bytes.length - at;
      return bytes.length;
    }
    if (this.#phase === Phase.idle) {
      this.core.counters.idle--;
      this.#headBytes = 0;
    }
    this.#phase = Phase.exchange;
    this.requestCount++;
    this.clearDeadline();
    const { head } = this.#reader;
    if (end === REFUSED) {
      head.keepAlive = false;
      head.bodyBytes = 0;
    }
    const exchange = openExchange(this.#exchanges, this, head);
    this.#exchange = exchange;
    exchange.requestBytes = this.#headBytes + (end === REFUSED ? bytes.length : end) - at;
    if (end === REFUSED) {
      refuseExchange(exchange, this.#reader.error!);
      return bytes.length;
    }
    this.#body.continueOwed = head.expectsContinue;
    beginExchange(exchange, this.#refusePlain);
    return end;
  }

  bodyCame(bytes: number): void {
    this.#exchange!.requestBytes += bytes;
  }

  bodyTurned(): void {
    this.#updateDeadline();
  }

  bodyMalformed(message: string): void {
    this.#exchange!.bodyMalformed(message);
  }

  #discard(bytes: Buffer, at: number): number {
    const reader = this.#reader;
    const end = reader.readBody(bytes, at);
    if (end === REFUSED || reader.dataBytes > MAX_DISCARD_BYTES) {
      this.#close();
      return bytes.length;
    }
    if (reader.bodyDone) this.#next();
    else this.setDeadline(this.core.settings.bodyTimeoutMs);
    return end;
  }

  // ---- request body, for the exchange

  readBody(sink: BodySink): void {
    this.#body.read(sink);
  }

  pauseBody(): void {
    if (this.#phase === Phase.tunnel) this.#input.pause();
    else this.#body.pause();
  }

  resumeBody(): void {
    if (this.#phase === Phase.tunnel) this.#input.resume();
    else this.#body.resume();
  }

  // ---- response, for the exchange

  sendInterim(status: number, lines: string): void {
    if (this.#reader.head.minorVersion === 0) return;
    this.socket.write(`${statusLine(status)}${lines}\r\n`, "latin1");
  }

  sendHead(exchange: OutgoingResponse, bodyBytes: number): void {
    const { head } = this.#reader;
    const keepAlive = head.keepAlive && !exchange.closeAfter && this.#mayKeepAlive();
    this.#keepAlive = this.#writer.head(exchange, head, bodyBytes, keepAlive, this.core.nowMs);
  }

  /** True unless a limit or a shutdown asks for closing the connection. */
  #mayKeepAlive(): boolean {
    const { closing, settings } = this.core;
    return !closing && settings.keepAliveMs > 0 && this.requestCount < settings.keepAliveRequests &&
      this.#body.worthFinishing;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#phase !== Phase.closed && this.#writer.data(bytes, start, end);
  }

  writeFramed(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#phase !== Phase.closed && this.#writer.framed(bytes, start, end);
  }

  writeText(text: string): boolean {
    return this.#phase !== Phase.closed && this.#writer.text(text);
  }

  flush(): void {
    if (this.#phase !== Phase.closed) this.#writer.flush();
  }

  end(trailers: string, lastChunk: number): void {
    if (this.#phase !== Phase.closed) this.#writer.end(trailers, lastChunk);
  }

  abort(): void {
    const exchange = this.#exchange;
    this.#writer.drop();
    this.#keepAlive = false;
    if (exchange === null || !exchange.headSent || this.#phase !== Phase.exchange) return this.#destroy();
    // written bytes still go out, and the body lacks its end
    if (this.#writer.delimited) return this.#close();
    // a FIN, or TLS's close_notify, would look like the end of the body
    this.#reset();
    this.#destroy();
  }

  release(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#exchange = null;
    this.#exchanges.giveBack(exchange);
    this.#writer.release();
    this.#body.release();
    if (this.#phase === Phase.linger || this.#phase === Phase.closed) return;
    if (!this.#keepAlive || this.core.closing) return this.#close();
    if (this.#writer.blocked) {
      // bytes that a client does not read must not accumulate
      this.#phase = Phase.flushing;
      return this.#awaitClient(this.core.settings.sendTimeoutMs);
    }
    this.#afterResponse();
  }

  #afterResponse(): void {
    if (this.#reader.bodyDone) return this.#next();
    this.#phase = Phase.discard;
    this.setDeadline(this.core.settings.bodyTimeoutMs);
    this.#input.resume();
  }

  /** Prepares for the next request. */
  #next(): void {
    if (this.core.closing) return this.#close();
    this.#reader.next();
    this.#phase = Phase.idle;
    this.core.counters.idle++;
    this.setDeadline(this.core.settings.keepAliveMs);
    this.#input.resume();
  }

  tunnel(sink: TunnelSink): void {
    this.flush();
    this.#tunnel = sink;
    this.#phase = Phase.tunnel;
    this.clearDeadline();
    this.#input.resume();
  }

  // ---- the end

  /** Ends the connection: FIN after the written bytes; then bytes of the client are read and discarded. */
  #close(): void {
    if (this.#phase === Phase.idle) this.core.counters.idle--;
    if (this.core.closing && this.#expectsNothing) this.socket.once("finish", () => this.#destroy());
    this.#phase = Phase.linger;
    this.#lingerEnd = this.core.wheel.nowMs + LINGER_TOTAL_MS;
    if (this.#writer.blocked) this.#awaitClient(this.core.settings.sendTimeoutMs);
    else this.setDeadline(LINGER_IDLE_MS);
    this.socket.end();
    this.#input.drain();
  }

  /**
   * True when no request is in flight. As in nginx, the end of the process then waits until the system has taken the
   * written bytes, and not for the client, which may not be reading.
   */
  get #expectsNothing(): boolean {
    return this.#phase === Phase.idle || (this.#reader.bodyDone && this.#input.empty);
  }

  #lingerOn(): void {
    if (this.core.wheel.nowMs >= this.#lingerEnd) this.#destroy();
    else this.setDeadline(LINGER_IDLE_MS);
  }

  #destroy(): void {
    if (this.#phase === Phase.closed) return;
    if (this.#phase === Phase.idle) this.core.counters.idle--;
    this.#phase = Phase.closed;
    this.#input.close();
    this.stopTiming();
    this.#writer.drained();
    this.socket.destroy();
  }

  get idle(): boolean {
    return this.#phase === Phase.idle;
  }

  /** For a shutdown: ends an idle connection now, a busy one after its response. */
  closeWhenIdle(): void {
    if (this.#phase === Phase.idle) this.#close();
  }

  /** Closes with RST, as reset_timedout_connection does, so that unread bytes do not stay in the system's buffers. */
  #reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Gives an incomplete head up, and logs the request. */
  #giveUpHead(): void {
    this.requestCount++;
    this.#exchange = openExchange(this.#exchanges, this, this.#reader.head);
    this.#exchange.requestBytes = this.#headBytes;
  }

  /** Cuts the connection, whatever its state. */
  cut(): void {
    if (this.#phase === Phase.head) this.#giveUpHead();
    const exchange = this.#exchange;
    const status = this.#body.begun || this.#phase === Phase.head ? 400 : 499;
    this.#exchange = null;
    this.#destroy();
    exchange?.clientGone(status);
  }

  #drained(): void {
    this.#writer.drained();
    if (this.#phase === Phase.exchange) {
      this.#updateDeadline();
      this.#exchange!.clientDrained();
    } else if (this.#phase === Phase.tunnel) this.#tunnel!.tunnelDrained();
    else if (this.#phase === Phase.flushing) this.#afterResponse();
    else if (this.#phase === Phase.linger) this.#lingerOn();
  }

  /** The client ended its side. As in nginx, this ends an exchange in flight. */
  #ended(): void {
    if (this.#phase === Phase.tunnel) this.#tunnel!.tunnelEnd();
    else if (this.#phase === Phase.flushing) this.#close();
    else this.cut();
  }

  #closed(): void {
    const tunnel = this.#phase === Phase.tunnel ? this.#tunnel : null;
    this.cut();
    if (tunnel !== null) this.core.guard(this, () => tunnel.tunnelEnd());
    this.#onClose(this);
  }

  #updateDeadline(): void {
    if (this.#phase !== Phase.exchange) return;
    const { settings } = this.core;
    const reads = this.#body.wanted;
    if (this.#writer.blocked) {
      this.#awaitClient(reads ? Math.min(settings.sendTimeoutMs, settings.bodyTimeoutMs) : settings.sendTimeoutMs);
    } else if (reads) this.setDeadline(settings.bodyTimeoutMs);
    else this.clearDeadline();
  }

  /** The socket is full: the client must read some of the response within `ms`. */
  #awaitClient(ms: number): void {
    this.#writer.progress.mark();
    this.setDeadline(this.core.sendTimeoutMs(ms));
  }

  override expired(): void {
    this.core.guard(this, () => this.#expired());
  }

  #expired(): void {
    // the timeout begins again whenever the client takes some bytes
    if (this.#writer.progress.advances) return this.#awaitClient(this.core.settings.sendTimeoutMs);
    if (this.#phase === Phase.head) this.#giveUpHead();
    else if (this.#phase === Phase.exchange || this.#phase === Phase.flushing) this.#reset();
    // nginx sends nothing, and logs 408
    if (this.#exchange !== null) this.#exchange.clientTimedOut();
    else this.#destroy();
  }
}

/** Errors are handled by the close event that follows. */
function seenAtClose(): void {}
