/**
 * A downstream in memory: the request does not come over a wire, and the response is collected up to a bound.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { ProxyError } from "../../proxy-error.ts";
import type { BodySink, Downstream, OutgoingResponse } from "./downstream.ts";

/** A complete response. */
export interface MemoryResponse {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** Each line ends with CRLF. */
  readonly trailers: string;
}

/** Called when the response is no longer wanted. */
interface Cancelled {
  clientGone(): void;
}

/** One request and its response. */
export class MemoryDownstream implements Downstream {
  readonly passesChunks = false;
  /**
   * The response. Rejects with a {@link ProxyError} or the reason of {@link MemoryDownstream.cancel}; the rejection
   * need not be handled.
   */
  readonly response: Promise<MemoryResponse>;
  readonly #parts: readonly Uint8Array[];
  readonly #maxBodyBytes: number;
  #resolve!: (response: MemoryResponse) => void;
  #reject!: (error: Error) => void;
  #exchange: Cancelled | null = null;
  #sink: BodySink | null = null;
  #sent = 0;
  #paused = false;
  #reading = false;
  #status = 0;
  #fields: readonly (readonly [string, string])[] = [];
  #body: Uint8Array[] = [];
  #bodyBytes = 0;
  #over = false;

  /**
   * @param parts the body of the request; empty for none
   * @param maxBodyBytes longest body of a response
   */
  constructor(parts: readonly Uint8Array[], maxBodyBytes: number) {
    this.#parts = parts;
    this.#maxBodyBytes = maxBodyBytes;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.response.catch(() => {});
  }

  /** True when the response is complete or given up. */
  get over(): boolean {
    return this.#over;
  }

  /** Sets the exchange of this downstream. */
  attach(exchange: Cancelled): void {
    this.#exchange = exchange;
  }

  /** The response is no longer wanted: cancels the exchange. */
  cancel(reason: Error): void {
    if (this.#over) return;
    this.#settle();
    this.#reject(reason);
    this.#exchange?.clientGone();
  }

  #settle(): void {
    this.#over = true;
    this.#sink = null;
    this.#body = [];
  }

  get requestComplete(): boolean {
    return this.#sent === this.#parts.length;
  }

  readBody(sink: BodySink): void {
    this.#sink = sink;
    this.#read();
  }

  pauseBody(): void {
    this.#paused = true;
  }

  resumeBody(): void {
    this.#paused = false;
    this.#read();
  }

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#sink !== null && !this.#paused && this.#sent < this.#parts.length) {
      const part = this.#parts[this.#sent++]!;
      this.#sink.bodyData(part, 0, part.length);
    }
    this.#reading = false;
    if (this.#paused || this.#sent < this.#parts.length) return;
    const sink = this.#sink;
    this.#sink = null;
    sink?.bodyEnd("");
  }

  sendInterim(): void {}

  sendHead({ response, status }: OutgoingResponse): void {
    this.#status = status;
    this.#fields = response === null ? [] : [...response];
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#over || start === end) return true;
    this.#bodyBytes += end - start;
    if (this.#bodyBytes > this.#maxBodyBytes) {
      const message = `the body of the response is longer than ${this.#maxBodyBytes} bytes`;
      this.cancel(new ProxyError("upstream-malformed", "upstream", "no", message));
    } else this.#body.push(Uint8Array.prototype.slice.call(bytes, start, end));
    return true;
  }

  writeFramed(): boolean {
    throw new TypeError("write a framed body to memory: it has no framing");
  }

  writeText(text: string): boolean {
    return this.write(Buffer.from(text, "latin1"), 0, text.length);
  }

  end(trailers: string): void {
    if (this.#over) return;
    const body = this.#body.length === 1 ? this.#body[0]! : Buffer.concat(this.#body);
    this.#settle();
    this.#resolve({ status: this.#status, fields: this.#fields, body, trailers });
  }

  flush(): void {}

  /** The response was cut. */
  abort(): void {
    if (this.#over) return;
    this.#settle();
    this.#reject(new ProxyError("upstream-closed", "upstream", "no", "the response broke off"));
  }

  release(): void {
    this.#exchange = null;
  }

  tunnel(): void {
    throw new TypeError("open a tunnel in memory: there is no connection");
  }
}
