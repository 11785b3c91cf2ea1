/**
 * The body of a request on its way to an upstream: read whole first, or sent on as it comes.
 *
 * @module
 */
import type { Socket } from "node:net";
import { CHUNKED, latin1Text } from "../../http/mod.ts";
import type { OpenExchange } from "../exchange/open-exchange.ts";
import type { BodySink } from "../exchange/downstream.ts";
import type { ForwardSettings } from "../contract.ts";
import { BodySpool, type SpoolOwner, type SpoolReader } from "./body-spool.ts";
import { filterTrailers } from "./masks.ts";

/** Body in memory up to this size goes into one write with what stands before it. */
const MAX_JOINED_BYTES = 16384;

/** Hears of the body. */
export interface UploadOwner {
  /** The body is there, as far as it must be before an attempt. */
  uploadReady(): void;
  /** The body is larger than is allowed. */
  uploadTooLarge(): void;
  /** The body cannot be kept. */
  uploadFailed(error: Error): void;
  /** An error of our own, which must cost this exchange only. */
  crashed(error: unknown): void;
  /** Something was written to the upstream; `more` as write() said. */
  uploadWrote(more: boolean): void;
}

/** One body. */
export class Upload implements BodySink, SpoolOwner, SpoolReader {
  /** It was written to its end. */
  done = false;
  /** Parts of it are gone: the request cannot be sent again. */
  lost = false;
  readonly #exchange: OpenExchange;
  readonly #settings: ForwardSettings;
  readonly #owner: UploadOwner;
  readonly #spool: BodySpool | null;
  #socket: Socket | null = null;
  #received = 0;
  #over = false;

  constructor(exchange: OpenExchange, settings: ForwardSettings, owner: UploadOwner) {
    this.#exchange = exchange;
    this.#settings = settings;
    this.#owner = owner;
    // an HTTP/1.0 upstream must be told the length
    const whole = settings.requestBuffering ||
      (exchange.requestBodyBytes === CHUNKED && settings.httpVersion === "1.0");
    this.#spool = whole ? new BodySpool(this, settings.bodyBufferBytes) : null;
  }

  /** Begins to read; {@link UploadOwner.uploadReady} follows. */
  start(): void {
    if (this.#spool === null) this.#owner.uploadReady();
    else this.#exchange.downstream.readBody(this);
  }

  /** Framing field of the request, with CRLF. */
  framing(): string {
    if (this.#spool !== null) return `Content-Length: ${this.#spool.bytes}\r\n`;
    const bytes = this.#exchange.requestBodyBytes;
    return bytes === CHUNKED ? "Transfer-Encoding: chunked\r\n" : `Content-Length: ${bytes}\r\n`;
  }

  /** A streamed body waits until the next attempt stands. */
  hold(): void {
    if (this.#spool === null) this.#exchange.downstream.pauseBody();
  }

  /** Writes the head of the request and what there is of the body; the rest follows. */
  send(socket: Socket, head: string): void {
    this.#socket = socket;
    const spool = this.#spool;
    if (spool === null) {
      this.#owner.uploadWrote(socket.write(head, "latin1"));
      const { downstream } = this.#exchange;
      downstream.resumeBody();
      downstream.readBody(this);
    } else if (spool.inMemory && spool.bytes <= MAX_JOINED_BYTES) {
      this.done = true;
      this.#owner.uploadWrote(socket.write(head + spool.text(), "latin1"));
    } else {
      this.done = false;
      this.#owner.uploadWrote(socket.write(head, "latin1"));
      spool.read(this);
    }
  }

  /** The attempt is over: nothing is written to its connection any more. */
  stop(): void {
    this.#socket = null;
    this.#spool?.stop();
  }

  /** The body is not needed any more. */
  discard(): void {
    this.#over = true;
    this.stop();
    this.#spool?.discard();
  }

  /** The upstream takes bytes again. */
  drained(): void {
    if (this.done) return;
    if (this.#spool !== null) this.#spool.resume();
    else this.#exchange.downstream.resumeBody();
  }

  // ---- from the client

  bodyData(bytes: Uint8Array, start: number, end: number): void {
    if (this.#over) return;
    const length = end - start;
    this.#received += length;
    const { maxBodyBytes } = this.#settings;
    if (maxBodyBytes > 0 && this.#received > maxBodyBytes) return this.#owner.uploadTooLarge();
    if (this.#spool !== null) return this.#spool.add(bytes, start, end);
    const socket = this.#socket;
    if (socket === null) return;
    this.lost = true;
    const more = this.#exchange.requestBodyBytes === CHUNKED
      ? writeChunk(socket, bytes, start, end)
      : socket.write(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    this.#owner.uploadWrote(more);
    if (!more) this.#exchange.downstream.pauseBody();
  }

  bodyEnd(trailers: string): void {
    if (this.#over) return;
    if (this.#spool !== null) return this.#spool.complete();
    const socket = this.#socket;
    if (socket === null) return;
    this.done = true;
    if (this.#exchange.requestBodyBytes === CHUNKED) {
      const lines = filterTrailers(trailers, this.#settings.dropFields);
      this.#owner.uploadWrote(socket.write(`0\r\n${lines}\r\n`, "latin1"));
    } else this.#owner.uploadWrote(!socket.writableNeedDrain);
  }

  // ---- from the spool

  spoolFull(): void {
    this.#exchange.downstream.pauseBody();
  }

  spoolDrained(): void {
    this.#exchange.downstream.resumeBody();
  }

  spoolReady(): void {
    if (!this.#over) this.#owner.uploadReady();
  }

  spoolFailed(error: Error): void {
    if (!this.#over) this.#owner.uploadFailed(error);
  }

  crashed(error: unknown): void {
    if (!this.#over) this.#owner.crashed(error);
  }

  spoolData(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === null) return false;
    const more = socket.write(bytes);
    this.#owner.uploadWrote(more);
    return more;
  }

  get spoolTaken(): boolean {
    return this.#socket !== null && this.#socket.writableLength === 0;
  }

  spoolEnd(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.done = true;
    this.#owner.uploadWrote(!socket.writableNeedDrain);
  }
}

function writeChunk(socket: Socket, bytes: Uint8Array, start: number, end: number): boolean {
  const size = `${(end - start).toString(16)}\r\n`;
  if (end - start <= MAX_JOINED_BYTES) return socket.write(`${size}${latin1Text(bytes, start, end)}\r\n`, "latin1");
  socket.cork();
  socket.write(size, "latin1");
  socket.write(bytes.subarray(start, end));
  socket.write("\r\n", "latin1");
  socket.uncork();
  // only now it shows
  return !socket.writableNeedDrain;
}
