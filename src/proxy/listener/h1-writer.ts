/**
 * Writes the responses of an HTTP/1 connection: the head together with the first bytes of the body; the body by length,
 * in chunks, or up to the end of the connection.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import {
  type Backlog,
  compileFieldMask,
  type Fields,
  formatDateLine,
  hasResponseBody,
  latin1Text,
  type RequestHead,
  ResponseHead,
  statusLine,
  WIRE_FIELDS,
} from "../../http/mod.ts";
import { SendProgress } from "../send-progress.ts";
import { LastChunk, NO_BODY, type OutgoingResponse, UNKNOWN_LENGTH } from "../exchange/mod.ts";

/** Largest part of a body that is joined with the bytes before it into one write. */
const MAX_JOINED_BYTES = 16384;
const CRLF = Buffer.from("\r\n", "latin1");
const FRAMING = compileFieldMask(["connection", "content-length", "keep-alive", "transfer-encoding"], ["date"]);

/** Writer of one connection. */
export class H1Writer {
  /** The socket is full: the last write said so, and it has not drained since. */
  blocked = false;
  /** The body is chunked. */
  chunked = false;
  /** The end of the response is marked in another way than by the end of the connection. */
  delimited = true;
  /** Progress of sending while the socket is full. */
  readonly progress: SendProgress;
  readonly #socket: Socket;
  readonly #onBlocked: () => void;
  #exchange: OutgoingResponse | null = null;
  /** Text that goes out with the next bytes. */
  #corked = "";

  /** @param onBlocked called when a write finds the socket full */
  constructor(socket: Socket, backlog: Backlog, onBlocked: () => void) {
    this.#socket = socket;
    this.progress = new SendProgress(socket, backlog);
    this.#onBlocked = onBlocked;
  }

  /**
   * Takes the response head. `keepAlive`: the connection may stay open as far as other conditions go; returns whether
   * it does.
   */
  head(
    exchange: OutgoingResponse,
    request: RequestHead,
    bodyBytes: number,
    keepAlive: boolean,
    nowMs: number,
  ): boolean {
    const { status } = exchange;
    const response = exchange.response!;
    this.#exchange = exchange;
    this.chunked = false;
    this.delimited = true;
    let text = response instanceof ResponseHead && response.status === status
      ? response.statusLine()
      : statusLine(status);
    if (!response.has("date")) text += formatDateLine(nowMs);
    if (status === 101) {
      this.#corked = `${text}Connection: upgrade\r\n${formatFields(response)}\r\n`;
      return false;
    }
    if (bodyBytes >= 0) text += `Content-Length: ${bodyBytes}\r\n`;
    else if (request.method !== "HEAD" && hasResponseBody(status)) {
      // an empty body of a response that may have one is marked by Content-Length
      if (bodyBytes === NO_BODY) text += "Content-Length: 0\r\n";
      else if (bodyBytes === UNKNOWN_LENGTH && request.minorVersion === 0) {
        keepAlive = false;
        this.delimited = false;
      } else {
        this.chunked = true;
        text += "Transfer-Encoding: chunked\r\n";
      }
    }
    this.#corked = `${text}${keepAlive ? "Connection: keep-alive\r\n" : "Connection: close\r\n"}${
      formatFields(response)
    }\r\n`;
    return keepAlive;
  }

  /** Writes data of the body; `false`: wait for the drain. */
  data(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length === 0) return !this.blocked;
    this.#exchange!.sentBodyBytes += length;
    if (!this.chunked) return this.#send(bytes, start, end, "", "");
    return this.#send(bytes, start, end, `${length.toString(16)}\r\n`, "\r\n");
  }

  /** Writes chunks with their framing. */
  framed(bytes: Uint8Array, start: number, end: number): boolean {
    this.#exchange!.sentBodyBytes += end - start;
    return this.#send(bytes, start, end, "", "");
  }

  /** Writes data of the body, one char a byte. */
  text(text: string): boolean {
    this.#exchange!.sentBodyBytes += text.length;
    return this.#sendText(this.#uncork(this.chunked ? `${text.length.toString(16)}\r\n${text}\r\n` : text));
  }

  /** Ends the body; see Downstream.end. */
  end(trailers: string, lastChunk: number): void {
    if (!this.chunked || lastChunk === LastChunk.ended) return this.flush();
    this.#sendText(this.#uncork(`${lastChunk === LastChunk.unsent ? "0\r\n" : ""}${trailers}\r\n`));
  }

  /** Sends the head if it is still held. */
  flush(): void {
    if (this.#corked !== "") this.#sendText(this.#uncork(""));
  }

  /** Discards held text. */
  drop(): void {
    this.#corked = "";
  }

  /** The socket has taken all bytes, or is closed. */
  drained(): void {
    this.blocked = false;
    this.progress.clear();
  }

  /** Forgets the exchange. */
  release(): void {
    this.#corked = "";
    this.#exchange = null;
  }

  #uncork(text: string): string {
    const all = this.#corked + text;
    this.#corked = "";
    return all;
  }

  #send(bytes: Uint8Array, start: number, end: number, before: string, after: string): boolean {
    const head = this.#uncork(before);
    if (head === "" && after === "") {
      return this.#sendBytes(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    }
    if (end - start <= MAX_JOINED_BYTES) return this.#sendText(head + latin1Text(bytes, start, end) + after);
    const socket = this.#socket;
    socket.cork();
    if (head !== "") this.#sendText(head);
    this.#sendBytes(bytes.subarray(start, end));
    if (after !== "") this.#sendBytes(CRLF);
    socket.uncork();
    // only the last write tells whether the socket is full
    return this.#wrote(!socket.writableNeedDrain);
  }

  #sendText(text: string): boolean {
    this.#exchange!.sentBytes += text.length;
    return this.#wrote(this.#socket.write(text, "latin1"));
  }

  #sendBytes(bytes: Uint8Array): boolean {
    this.#exchange!.sentBytes += bytes.length;
    return this.#wrote(this.#socket.write(bytes));
  }

  #wrote(more: boolean): boolean {
    if (!more && !this.blocked) {
      this.blocked = true;
      this.#onBlocked();
    }
    return !this.blocked;
  }
}

function formatFields(fields: Fields): string {
  if (fields instanceof ResponseHead) return fields.format(FRAMING);
  let text = "";
  for (const [name, value] of fields) {
    if (!WIRE_FIELDS.has(name.toLowerCase())) text += `${name}: ${value}\r\n`;
  }
  return text;
}
