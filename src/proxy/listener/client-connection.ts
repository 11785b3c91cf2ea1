/**
 * An HTTP/1.1 (and 1.0) connection of a client: reads requests one after the other, writes their responses.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type HeadError, INCOMPLETE, REFUSED, RequestHead, RequestReader, statusLine } from "../../http/mod.ts";
import { CLIENT_PREFACE } from "../../http/h2/mod.ts";
import { ProxyError, type ProxyErrorCode } from "../../proxy-error.ts";
import { ConnectionFacts, type ConnectionOrigin } from "./connection-facts.ts";
import type { WireCore } from "./core.ts";
import { WireExchange } from "./exchange.ts";
import { H1Writer } from "./h1-writer.ts";
import type { BodySink, Transport, TunnelSink } from "./transport.ts";

/** What a connection is doing. */
const Phase = {
  /** Between two requests, nothing of the next one read. */
  idle: 0,
  /** Part of a head has been read. */
  head: 1,
  /** A request is being answered. */
  exchange: 2,
  /** The response is out; the rest of the request's body is read and thrown away. */
  discard: 3,
  /** The response is in the socket's buffer; the client does not read. */
  flushing: 4,
  /** Ended by us; what the client still sends is thrown away, so that it gets to read the response. */
  linger: 5,
  tunnel: 6,
  closed: 7,
} as const;

/** Bytes behind the current request that are kept before the socket is paused. */
const MAX_HELD_BYTES = 65536;
/** A body that nobody wanted is read to its end up to this length; beyond, the connection is closed. */
const MAX_DISCARD_BYTES = 65536;
/** nginx's lingering_timeout and lingering_time. */
const LINGER_IDLE_MS = 5_000;
const LINGER_TOTAL_MS = 30_000;

const PREFACE = Buffer.from(CLIENT_PREFACE, "latin1");
const ERROR_CODES: Readonly<Record<HeadError["kind"], ProxyErrorCode>> = {
  "malformed": "downstream-malformed",
  "version": "downstream-version",
  "target-too-long": "downstream-target-too-long",
  "fields-too-large": "downstream-fields-too-large",
};

/** One connection. */
export class ClientConnection extends ConnectionFacts implements Transport {
  readonly #reader: RequestReader;
  readonly #writer: H1Writer;
  readonly #refusePlain: boolean;
  readonly #onClose: (connection: ClientConnection) => void;
  /** Takes over when the client begins with the preface of HTTP/2; `null` once that is out of the question. */
  #onPreface: ((bytes: Buffer) => void) | null;
  #phase: number = Phase.idle;
  #exchange: WireExchange | null = null;
  /** Received but not looked at yet. */
  #held: Buffer | null = null;
  #pumping = false;
  #paused = false;
  #sink: BodySink | null = null;
  #bodyPaused = false;
  #tunnel: TunnelSink | null = null;
  #keepAlive = false;
  #continueOwed = false;
  #lingerEnd = 0;
  #headBytes = 0;

  constructor(
    core: WireCore,
    socket: Socket,
    origin: ConnectionOrigin,
    onClose: (connection: ClientConnection) => void,
    onPreface: ((bytes: Buffer) => void) | null = null,
  ) {
    super(core, socket, origin);
    this.#onClose = onClose;
    this.#onPreface = onPreface;
    this.#refusePlain = origin.refusePlain;
    this.#reader = new RequestReader(new RequestHead());
    this.#writer = new H1Writer(socket, () => this.#updateDeadline());
    core.counters.idle++;
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("drain", () => this.#drained());
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#closed());
    // what goes wrong shows as a close
    socket.on("error", ignore);
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
      this.#take(bytes);
    } catch (error) {
      this.core.internalError(error);
      this.cut();
    }
  }

  #take(bytes: Buffer): void {
    if (this.#onPreface !== null && this.#phase === Phase.idle) return this.#receivedFirst(bytes);
    if (this.#held !== null) {
      this.#hold(Buffer.concat([this.#held, bytes]));
    } else this.#pump(bytes);
  }

  /** Until it is known whether the client speaks HTTP/2. */
  #receivedFirst(bytes: Buffer): void {
    const first = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
    const looked = Math.min(first.length, PREFACE.length);
    const alike = first[0] === PREFACE[0] && first.compare(PREFACE, 0, looked, 0, looked) === 0;
    this.#held = null;
    if (alike && looked < PREFACE.length) {
      this.#held = first;
      return;
    }
    const onPreface = this.#onPreface!;
    this.#onPreface = null;
    if (!alike) return this.#pump(first);
    this.core.counters.idle--;
    this.#phase = Phase.closed;
    this.stopTiming();
    this.socket.removeAllListeners("data");
    onPreface(first);
    this.#onClose(this);
  }

  #hold(bytes: Buffer): void {
    this.#held = bytes;
    if (bytes.length > MAX_HELD_BYTES || this.#bodyPaused) this.#pauseSocket();
  }

  #pauseSocket(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket.pause();
  }

  /** Looks at what was held back, then lets the socket go on. */
  #unhold(): void {
    if (this.#pumping) return;
    const held = this.#held;
    if (held !== null) {
      this.#held = null;
      this.#pump(held);
    }
    if (this.#paused && this.#held === null && this.#phase !== Phase.closed) {
      this.#paused = false;
      this.socket.resume();
    }
  }

  #pump(bytes: Buffer): void {
    this.#pumping = true;
    let at = 0;
    while (at < bytes.length) {
      switch (this.#phase) {
        case Phase.idle:
        case Phase.head:
          at = this.#readHead(bytes, at);
          break;
        case Phase.exchange:
          if (this.#sink === null || this.#bodyPaused || this.#reader.bodyDone) {
            this.#pumping = false;
            return this.#hold(at === 0 ? bytes : bytes.subarray(at));
          }
          at = this.#readBody(bytes, at);
          break;
        case Phase.discard:
          at = this.#discard(bytes, at);
          break;
        case Phase.flushing:
          this.#pumping = false;
          return this.#hold(at === 0 ? bytes : bytes.subarray(at));
        case Phase.linger:
          this.#lingerOn();
          at = bytes.length;
          break;
        case Phase.tunnel:
          this.#tunnel!.tunnelData(at === 0 ? bytes : bytes.subarray(at));
          at = bytes.length;
          break;
        default:
          at = bytes.length;
      }
    }
    this.#pumping = false;
  }

  /** Returns the offset after what was read. */
  #readHead(bytes: Buffer, at: number): number {
    const { settings } = this.core;
    const end = this.#reader.readHead(bytes, at, settings);
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
    if (end === REFUSED) {
      this.#refuse(this.#reader.error!, this.#headBytes + bytes.length - at);
      return bytes.length;
    }
    this.#begin(this.#headBytes + end - at);
    return end;
  }

  #begin(headBytes: number): void {
    const { head } = this.#reader;
    const exchange = this.#open(head);
    exchange.requestBytes = headBytes;
    this.#continueOwed = head.expectsContinue;
    if (this.#refusePlain) {
      const message = "plain HTTP on the HTTPS port";
      exchange.fail(new ProxyError("downstream-malformed", "downstream", "no", message));
    } else if (head.method === "CONNECT") exchange.answer({ status: 405, close: true });
    else exchange.begin();
  }

  #open(head: RequestHead): WireExchange {
    const exchange = new WireExchange(this.core, this, this, head, {
      version: head.minorVersion === 0 ? "1.0" : "1.1",
      method: head.method,
      target: head.target,
      authority: head.authority,
      bodyBytes: head.bodyBytes,
      scheme: this.tls === null ? "http" : "https",
    });
    this.#exchange = exchange;
    return exchange;
  }

  /** What came is no request: it is answered, and the connection ends. */
  #refuse(error: HeadError, receivedBytes: number): void {
    const { head } = this.#reader;
    head.keepAlive = false;
    head.bodyBytes = 0;
    const exchange = this.#open(head);
    exchange.closeAfter = true;
    exchange.requestBytes = receivedBytes;
    exchange.fail(new ProxyError(ERROR_CODES[error.kind], "downstream", "no", error.message));
  }

  #readBody(bytes: Buffer, at: number): number {
    const reader = this.#reader;
    const end = reader.readBody(bytes, at);
    const exchange = this.#exchange!;
    if (end === REFUSED) {
      this.#sink = null;
      exchange.bodyMalformed(reader.error!.message);
      return bytes.length;
    }
    exchange.requestBytes += end - at;
    this.#continueOwed = false;
    const sink = this.#sink!;
    const { data } = reader;
    for (let i = 0; i < data.length; i += 2) {
      if (data[i + 1]! > data[i]!) sink.bodyData(bytes, data[i]!, data[i + 1]!);
      // the sink may have had enough
      if (this.#sink !== sink) return end;
    }
    if (reader.bodyDone) {
      this.#sink = null;
      this.#updateDeadline();
      sink.bodyEnd(reader.trailers);
    } else this.#updateDeadline();
    return end;
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
    if (this.#reader.bodyDone) {
      sink.bodyEnd(this.#reader.trailers);
      return;
    }
    this.#sink = sink;
    if (this.#continueOwed && this.#held === null) {
      this.#continueOwed = false;
      this.socket.write("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
    }
    this.#updateDeadline();
    this.#unhold();
  }

  pauseBody(): void {
    if (this.#phase === Phase.tunnel) return this.#pauseSocket();
    if (this.#bodyPaused || this.#reader.bodyDone) return;
    this.#bodyPaused = true;
    this.#pauseSocket();
    this.#updateDeadline();
  }

  resumeBody(): void {
    if (this.#phase === Phase.tunnel) return this.#unhold();
    if (!this.#bodyPaused) return;
    this.#bodyPaused = false;
    this.#updateDeadline();
    this.#unhold();
  }

  // ---- response, for the exchange

  sendInterim(status: number, lines: string): void {
    if (this.#reader.head.minorVersion === 0) return;
    this.socket.write(`${statusLine(status)}${lines}\r\n`, "latin1");
  }

  sendHead(exchange: WireExchange, bodyBytes: number): void {
    const { head } = this.#reader;
    const keepAlive = head.keepAlive && !exchange.closeAfter && this.#mayKeepAlive();
    this.#keepAlive = this.#writer.head(exchange, head, bodyBytes, keepAlive, this.core.nowMs);
  }

  /** Does anything but this request speak for closing? */
  #mayKeepAlive(): boolean {
    const core = this.core;
    const { settings } = core;
    if (core.closing || settings.keepAliveMs === 0 || this.requestCount >= settings.keepAliveRequests) return false;
    const reader = this.#reader;
    if (reader.bodyDone) return true;
    // a body that is still to come must be one that is worth reading to its end
    return !this.#continueOwed && reader.head.bodyBytes >= 0 &&
      reader.head.bodyBytes - reader.dataBytes <= MAX_DISCARD_BYTES;
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
    // what was written still goes out, and lacks its end
    if (this.#writer.delimited) return this.#close();
    // here a FIN would look like the end
    if (this.tls === null) this.socket.resetAndDestroy();
    this.#destroy();
  }

  release(): void {
    if (this.#exchange === null) return;
    this.#exchange = null;
    this.#writer.release();
    this.#sink = null;
    this.#bodyPaused = false;
    this.#continueOwed = false;
    if (this.#phase === Phase.linger || this.#phase === Phase.closed) return;
    if (!this.#keepAlive || this.core.closing) return this.#close();
    if (this.#writer.blocked) {
      // what a client does not read must not pile up
      this.#phase = Phase.flushing;
      this.setDeadline(this.core.settings.sendTimeoutMs);
      return;
    }
    this.#afterResponse();
  }

  #afterResponse(): void {
    if (this.#reader.bodyDone) return this.#next();
    this.#phase = Phase.discard;
    this.setDeadline(this.core.settings.bodyTimeoutMs);
    this.#unhold();
  }

  /** Ready for the next request. */
  #next(): void {
    this.#reader.next();
    this.#phase = Phase.idle;
    this.core.counters.idle++;
    this.setDeadline(this.core.settings.keepAliveMs);
    this.#unhold();
  }

  tunnel(sink: TunnelSink): void {
    this.flush();
    this.#tunnel = sink;
    this.#phase = Phase.tunnel;
    this.clearDeadline();
    this.#unhold();
  }

  // ---- the end

  /** Ends the connection: FIN after what was written, then what the client still sends is read and thrown away. */
  #close(): void {
    if (this.#phase === Phase.idle) this.core.counters.idle--;
    this.#phase = Phase.linger;
    this.#lingerEnd = this.core.wheel.nowMs + LINGER_TOTAL_MS;
    this.setDeadline(this.#writer.blocked ? this.core.settings.sendTimeoutMs : LINGER_IDLE_MS);
    this.#held = null;
    this.socket.end();
    if (this.#paused) {
      this.#paused = false;
      this.socket.resume();
    }
  }

  #lingerOn(): void {
    if (this.core.wheel.nowMs >= this.#lingerEnd) this.#destroy();
    else this.setDeadline(LINGER_IDLE_MS);
  }

  #destroy(): void {
    if (this.#phase === Phase.closed) return;
    if (this.#phase === Phase.idle) this.core.counters.idle--;
    this.#phase = Phase.closed;
    this.#held = null;
    this.stopTiming();
    this.socket.destroy();
  }

  get idle(): boolean {
    return this.#phase === Phase.idle;
  }

  /** For a shutdown: an idle connection ends now, a busy one after its response. */
  closeWhenIdle(): void {
    if (this.#phase === Phase.idle) this.#close();
  }

  /** Cuts whatever is going on. */
  cut(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#destroy();
    exchange?.clientGone();
  }

  #drained(): void {
    this.#writer.blocked = false;
    if (this.#phase === Phase.exchange) {
      this.#updateDeadline();
      this.#exchange!.clientDrained();
    } else if (this.#phase === Phase.tunnel) this.#tunnel!.tunnelDrained();
    else if (this.#phase === Phase.flushing) this.#afterResponse();
    else if (this.#phase === Phase.linger) this.#lingerOn();
  }

  /** The client ended its side. As in nginx, an exchange that goes on is given up then. */
  #ended(): void {
    if (this.#phase === Phase.tunnel) this.#tunnel!.tunnelEnd();
    else if (this.#phase === Phase.flushing) this.#close();
    else this.cut();
  }

  #closed(): void {
    const tunnel = this.#phase === Phase.tunnel ? this.#tunnel : null;
    this.cut();
    tunnel?.tunnelEnd();
    this.#onClose(this);
  }

  #updateDeadline(): void {
    if (this.#phase !== Phase.exchange) return;
    const { settings } = this.core;
    const reads = this.#sink !== null && !this.#bodyPaused;
    if (this.#writer.blocked) {
      this.setDeadline(reads ? Math.min(settings.sendTimeoutMs, settings.bodyTimeoutMs) : settings.sendTimeoutMs);
    } else if (reads) this.setDeadline(settings.bodyTimeoutMs);
    else this.clearDeadline();
  }

  override expired(): void {
    switch (this.#phase) {
      case Phase.head: {
        // nginx closes without a word, and logs 408
        this.requestCount++;
        this.#phase = Phase.exchange;
        this.#open(this.#reader.head).clientTimedOut();
        break;
      }
      case Phase.exchange:
        this.#exchange?.clientTimedOut();
        break;
      default:
        this.#destroy();
    }
  }
}

function ignore(): void {}
