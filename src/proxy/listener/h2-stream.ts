/**
 * Downstream of an exchange on an HTTP/2 connection.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { FieldList, formatHttpDate, RequestHead, type RequestLimits, ResponseHead } from "../../http/mod.ts";
import {
  ErrorCode,
  type H2Request,
  type H2Stream,
  type HpackField,
  type ServerSession,
  toHttp1Head,
} from "../../http/h2/mod.ts";
import { ProxyError } from "../../proxy-error.ts";
import type { ServerConnection } from "../contract.ts";
import { Timed } from "../deadline-wheel.ts";
import {
  type BodySink,
  type Downstream,
  type ExchangePool,
  NO_BODY,
  type OutgoingResponse,
  type TunnelSink,
  type WireCore,
  type WireExchange,
} from "../exchange/mod.ts";
import { H2Body, type H2BodyOwner } from "./h2-body.ts";

/** Bytes of a frame head, which count as sent. */
const FRAME_HEAD_BYTES = 9;
/** Fields that HTTP/2 frames replace, or that the writer adds itself. */
const NOT_SENT: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Lower-case form of each name that has been sent; `null` for names that are not sent. Bounded. */
const NAMES = new Map<string, string | null>();
const NAMES_LIMIT = 512;

/** Pool of request heads; bounded. */
const HEADS: RequestHead[] = [];
const HEADS_LIMIT = 256;
/** Placeholder for a head that was returned to the pool. */
const NO_HEAD = new RequestHead();

/** The connection of streams. */
export interface H2Home extends ServerConnection {
  readonly exchanges: ExchangePool;
  /** Asks for a call of {@link H2Downstream.deliverGathered} at the end of the socket's event. */
  gathers(stream: H2Downstream): void;
  /** A stream is over. */
  streamOver(): void;
  /** See {@link ConnectionFacts.limits}. */
  limits(): RequestLimits;
}

/** A stream: the downstream of its exchange. */
export class H2Downstream extends Timed implements Downstream, H2BodyOwner {
  readonly passesChunks = false;
  readonly #core: WireCore;
  readonly #connection: H2Home;
  readonly #session: ServerSession<H2Downstream>;
  readonly #stream: H2Stream<H2Downstream>;
  #head: RequestHead = HEADS.pop() ?? new RequestHead();
  #exchange: WireExchange | null = null;
  /** Body of the request; `null`: it has none. */
  #body: H2Body | null = null;
  #continueOwed = false;
  /** Response head, kept until it is known whether a body follows. */
  #status = 0;
  #fields: string[] | null = null;
  #blocked = false;
  /** Body bytes that had been sent when the current send timeout began. */
  #sentMark = 0;
  /** The response is complete, so nothing that still runs reads the request. */
  #complete = false;

  constructor(
    core: WireCore,
    connection: H2Home,
    session: ServerSession<H2Downstream>,
    stream: H2Stream<H2Downstream>,
  ) {
    super(core.wheel);
    this.#core = core;
    this.#connection = connection;
    this.#session = session;
    this.#stream = stream;
    stream.context = this;
  }

  get requestComplete(): boolean {
    return this.#body === null || this.#body.complete;
  }

  // ---- from the session

  /** Begins the exchange of a request head. */
  begin(request: H2Request, ended: boolean): void {
    if (!ended) this.#body = new H2Body(this);
    const head = this.#head;
    const framing = ended || request.contentLength >= 0 ? "" : "transfer-encoding: chunked\r\n";
    const text = `${toHttp1Head(request).slice(0, -2)}${framing}\r\n`;
    const end = head.parse(text, this.#connection.limits());
    const exchange = this.#open(end > 0);
    exchange.requestBytes = text.length;
    if (end > 0) {
      // the end of a body without bytes is awaited too
      this.#continueOwed = head.expectsContinue ||
        (!ended && request.contentLength === 0 && head.get("expect")?.toLowerCase() === "100-continue");
      return exchange.begin();
    }
    const { error } = head;
    const code = error?.kind === "target-too-long"
      ? "downstream-target-too-long"
      : error?.kind === "fields-too-large"
      ? "downstream-fields-too-large"
      : "downstream-malformed";
    exchange.fail(new ProxyError(code, "downstream", "no", error?.message ?? "the request head is incomplete"));
  }

  /** The head is too large. */
  oversized(): void {
    const message = "the fields of the request are too large";
    this.#open(false).fail(new ProxyError("downstream-fields-too-large", "downstream", "no", message));
  }

  #open(wellFormed: boolean): WireExchange {
    const head = this.#head;
    const scheme = this.#connection.tls === null ? "http" : "https";
    const bodyBytes = wellFormed && this.#body !== null ? head.bodyBytes : 0;
    const exchange = this.#connection.exchanges.open(this, this.#connection, head, "2.0", scheme, bodyBytes);
    this.#exchange = exchange;
    return exchange;
  }

  data(bytes: Uint8Array): void {
    if (this.#exchange === null || this.#body === null) return this.#session.consumed(this.#stream, bytes.length);
    try {
      this.#body.add(bytes, this.#stream.expectedBytes === 0);
    } catch (error) {
      this.#crashed(error);
    }
  }

  /** Passes gathered bytes on, at the end of the socket's event. */
  deliverGathered(): void {
    try {
      this.#body?.deliver();
    } catch (error) {
      this.#crashed(error);
    }
  }

  ended(trailers: readonly HpackField[] | null): void {
    try {
      this.#body?.end(trailers);
    } catch (error) {
      this.#crashed(error);
    }
  }

  /** An internal error ends this stream, not its connection. */
  #crashed(error: unknown): void {
    const exchange = this.#exchange;
    if (exchange !== null) return exchange.internalError(error);
    this.#core.internalError(error);
    this.#reset(ErrorCode.internalError);
  }

  /** The client reset the stream, or has gone. */
  reset(): void {
    this.stopTiming();
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#body?.drop();
    exchange?.clientGone();
  }

  drained(): void {
    this.#blocked = false;
    this.#updateDeadline();
    try {
      this.#exchange?.clientDrained();
    } catch (error) {
      this.#crashed(error);
    }
  }

  /** Returns the head to the pool, when nothing reads the request any more. */
  #recycle(): void {
    const head = this.#head;
    this.#head = NO_HEAD;
    if (!this.#complete || head === NO_HEAD || HEADS.length >= HEADS_LIMIT) return;
    head.reset();
    HEADS.push(head);
  }

  // ---- request body, for the exchange

  readBody(sink: BodySink): void {
    if (this.#body === null) return sink.bodyEnd("");
    if (this.#continueOwed && this.#body.untouched) {
      this.#continueOwed = false;
      this.#session.inform(this.#stream, 100, []);
    }
    this.#body.read(sink);
  }

  pauseBody(): void {
    this.#body?.pause();
  }

  resumeBody(): void {
    this.#body?.resume();
  }

  // ---- from the body

  bodyCame(bytes: number): void {
    this.#exchange!.requestBytes += bytes;
    this.#continueOwed = false;
    this.#updateDeadline();
  }

  bodyConsumed(bytes: number): void {
    this.#session.consumed(this.#stream, bytes);
  }

  bodyGathered(): void {
    this.#connection.gathers(this);
  }

  bodyTurned(): void {
    this.#updateDeadline();
  }

  // ---- response, for the exchange

  sendInterim(status: number, lines: string): void {
    this.#session.inform(this.#stream, status, readLines(lines));
  }

  sendHead(exchange: OutgoingResponse, bodyBytes: number): void {
    const response = exchange.response!;
    const fields: string[] = [];
    if (!response.has("date")) fields.push("date", formatHttpDate(this.#core.nowMs));
    if (bodyBytes >= 0) fields.push("content-length", String(bodyBytes));
    else if (bodyBytes === NO_BODY && exchange.method === "HEAD") {
      const length = response.get("content-length");
      if (length !== undefined) fields.push("content-length", length);
    }
    const lines = response instanceof ResponseHead || response instanceof FieldList
      ? response.list()
      : [...response].flat();
    for (let i = 0; i < lines.length; i += 2) {
      const name = sentName(lines[i]!);
      if (name !== null) fields.push(name, lines[i + 1]!);
    }
    this.#status = exchange.status;
    this.#fields = fields;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (start === end) return !this.#blocked;
    const exchange = this.#exchange;
    if (exchange === null) return true;
    this.flush();
    exchange.sentBodyBytes += end - start;
    exchange.sentBytes += end - start + FRAME_HEAD_BYTES;
    const whole = start === 0 && end === bytes.length;
    if (!this.#session.send(this.#stream, whole ? bytes : bytes.subarray(start, end))) {
      this.#blocked = true;
      this.#updateDeadline();
    }
    return !this.#blocked;
  }

  writeFramed(bytes: Uint8Array, start: number, end: number): boolean {
    throw new TypeError(`write ${end - start} of ${bytes.length} bytes framed: HTTP/2 has frames of its own`);
  }

  writeText(text: string): boolean {
    return this.write(Buffer.from(text, "latin1"), 0, text.length);
  }

  flush(): void {
    this.#sendHead(false);
  }

  #sendHead(ended: boolean): void {
    const fields = this.#fields;
    if (fields === null) return;
    this.#fields = null;
    const bytes = this.#session.respond(this.#stream, this.#status, fields, ended);
    if (this.#exchange !== null) this.#exchange.sentBytes += bytes;
  }

  end(trailers: string): void {
    this.#complete = true;
    const ended = trailers === "" && this.#fields !== null;
    this.#sendHead(ended);
    if (!ended) this.#session.end(this.#stream, trailers === "" ? null : readLines(trailers));
  }

  abort(): void {
    this.#fields = null;
    this.#reset(ErrorCode.internalError);
  }

  #reset(errorCode: number): void {
    this.#session.reset(this.#stream, errorCode);
    this.#connection.streamOver();
  }

  #awaitClient(): void {
    this.#sentMark = this.#stream.sentBytes;
    this.setDeadline(this.#core.settings.sendTimeoutMs);
  }

  release(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    if (exchange !== null) this.#connection.exchanges.giveBack(exchange);
    // The window of unread bytes is returned, so that the client can go on.
    if (this.#body !== null) this.#session.consumed(this.#stream, this.#body.drop());
    this.#recycle();
    if (this.#stream.closed) this.stopTiming();
    else this.#awaitClient();
  }

  /** The stream is over in both directions. */
  finished(): void {
    if (this.#exchange === null) this.stopTiming();
  }

  tunnel(_sink: TunnelSink): void {
    throw new TypeError("open a tunnel: HTTP/2 has no Upgrade");
  }

  #updateDeadline(): void {
    const { settings } = this.#core;
    if (this.#blocked) this.#awaitClient();
    else if (this.#body?.wanted === true) this.setDeadline(settings.bodyTimeoutMs);
    else this.clearDeadline();
  }

  override expired(): void {
    try {
      this.#expired();
    } catch (error) {
      this.#crashed(error);
    }
  }

  #expired(): void {
    // The timeout begins again whenever the client takes some bytes.
    const sending = this.#blocked || this.#exchange === null;
    if (sending && !this.#stream.closed && this.#stream.sentBytes > this.#sentMark) return this.#awaitClient();
    if (this.#exchange !== null) this.#exchange.clientTimedOut();
    // The session holds the response, and the client does not take it.
    else this.#reset(ErrorCode.cancel);
    this.stopTiming();
  }
}

function sentName(name: string): string | null {
  let sent = NAMES.get(name);
  if (sent === undefined) {
    const lowerName = name.toLowerCase();
    sent = NOT_SENT.has(lowerName) ? null : lowerName;
    if (NAMES.size < NAMES_LIMIT) NAMES.set(name, sent);
  }
  return sent;
}

/** Splits lines with CRLF into names and values in turn. */
function readLines(lines: string): string[] {
  const fields: string[] = [];
  for (const line of lines.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = colon > 0 ? sentName(line.slice(0, colon)) : null;
    if (name !== null) fields.push(name, line.slice(colon + 1).trim());
  }
  return fields;
}
