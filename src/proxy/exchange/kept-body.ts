/**
 * The body of a request that middleware reads: kept, so that an upstream gets it all the same.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { ProxyError } from "../../proxy-error.ts";
import type { BodySink, Downstream, OutgoingResponse, TunnelSink } from "./downstream.ts";

/** One body, and the downstream that gives it once more. */
export class KeptBody implements Downstream, BodySink {
  /** For middleware. Errs with a {@link ProxyError} when it becomes longer than is allowed. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #downstream: Downstream;
  readonly #maxBytes: number;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #begun = false;
  /** Trailers of a body that has been read to its end. */
  #trailers: string | null = null;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #sink: BodySink | null = null;
  #sent = 0;
  #paused = false;
  #sending = false;

  /** @param maxBytes longest body that is kept */
  constructor(downstream: Downstream, maxBytes: number) {
    this.#downstream = downstream;
    this.#maxBytes = maxBytes;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => {
        this.#controller = null;
        if (this.#begun && this.#trailers === null) this.#downstream.pauseBody();
      },
    }, { highWaterMark: 0 });
  }

  #pull(): void {
    if (this.#begun) return this.#downstream.resumeBody();
    this.#begun = true;
    this.#downstream.readBody(this);
  }

  /** Nothing more comes: the exchange is over, or the upstream gets the rest. */
  stop(reason: string): void {
    const controller = this.#controller;
    this.#controller = null;
    if (this.#trailers === null) controller?.error(new TypeError(reason));
  }

  // ---- from the client, for middleware

  bodyData(bytes: Uint8Array, start: number, end: number): void {
    const part: Uint8Array = Uint8Array.prototype.slice.call(bytes as Buffer, start, end);
    this.#bytes += part.length;
    if (this.#bytes > this.#maxBytes) {
      const message = `the body is larger than ${this.#maxBytes} bytes`;
      this.#downstream.pauseBody();
      const controller = this.#controller;
      this.#controller = null;
      controller?.error(new ProxyError("downstream-body-too-large", "downstream", "no", message));
      return;
    }
    this.#parts.push(part);
    // two readers of one part: neither may spoil it for the other
    this.#controller?.enqueue(part.slice());
    if (this.#controller === null || (this.#controller.desiredSize ?? 0) <= 0) this.#downstream.pauseBody();
  }

  bodyEnd(trailers: string): void {
    this.#trailers = trailers;
    const controller = this.#controller;
    this.#controller = null;
    controller?.close();
  }

  // ---- for the forwarder: what is kept first, then the rest as it comes

  readBody(sink: BodySink): void {
    this.stop("the body goes to the upstream, which was asked before it was read to its end");
    this.#sink = sink;
    this.#send();
  }

  pauseBody(): void {
    this.#paused = true;
    if (this.#sink === null) this.#downstream.pauseBody();
  }

  resumeBody(): void {
    this.#paused = false;
    if (this.#sink === null) this.#downstream.resumeBody();
    else this.#send();
  }

  #send(): void {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#sink !== null && !this.#paused && this.#sent < this.#parts.length) {
      const part = this.#parts[this.#sent]!;
      this.#parts[this.#sent++] = EMPTY;
      this.#sink.bodyData(part, 0, part.length);
    }
    this.#sending = false;
    const sink = this.#sink;
    if (this.#paused || this.#sent < this.#parts.length || sink === null) return;
    this.#sink = null;
    if (this.#trailers !== null) return sink.bodyEnd(this.#trailers);
    this.#begun = true;
    this.#downstream.resumeBody();
    this.#downstream.readBody(sink);
  }

  // ---- the rest is the client's

  get passesChunks(): boolean {
    return this.#downstream.passesChunks;
  }

  get requestComplete(): boolean {
    return this.#downstream.requestComplete;
  }

  sendInterim(status: number, lines: string): void {
    this.#downstream.sendInterim(status, lines);
  }

  sendHead(exchange: OutgoingResponse, bodyBytes: number): void {
    this.#downstream.sendHead(exchange, bodyBytes);
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#downstream.write(bytes, start, end);
  }

  writeFramed(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#downstream.writeFramed(bytes, start, end);
  }

  writeText(text: string): boolean {
    return this.#downstream.writeText(text);
  }

  end(trailers: string, lastChunk: number): void {
    this.#downstream.end(trailers, lastChunk);
  }

  flush(): void {
    this.#downstream.flush();
  }

  abort(): void {
    this.#downstream.abort();
  }

  release(): void {
    this.#downstream.release();
  }

  tunnel(sink: TunnelSink): void {
    this.#downstream.tunnel(sink);
  }
}

const EMPTY = new Uint8Array(0);
