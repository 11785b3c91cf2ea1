/**
 * The request body of a client: passed to the exchange's sink at the speed of the sink.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { REFUSED, type RequestReader } from "../../http/mod.ts";
import type { ClientInput } from "./client-input.ts";
import type { BodySink } from "../exchange/mod.ts";

/** Longest rest of an unused body that is read and discarded; with a longer one the connection is closed. */
export const MAX_DISCARD_BYTES = 65536;

/** Gets the events of the body. */
export interface ClientBodyOwner {
  /** Bytes of the body, framing included, have arrived. */
  bodyCame(bytes: number): void;
  /** Reading has begun, resumed, paused or ended, which changes the deadlines. */
  bodyTurned(): void;
  bodyMalformed(message: string): void;
}

/** Request bodies of one connection. */
export class ClientBody {
  /** The client waits for `100 Continue`. */
  continueOwed = false;
  readonly #socket: Socket;
  readonly #reader: RequestReader;
  readonly #input: ClientInput;
  readonly #owner: ClientBodyOwner;
  #sink: BodySink | null = null;
  #paused = false;

  constructor(socket: Socket, reader: RequestReader, input: ClientInput, owner: ClientBodyOwner) {
    this.#socket = socket;
    this.#reader = reader;
    this.#input = input;
    this.#owner = owner;
  }

  /** The exchange has asked for the body, and the body has not ended. */
  get begun(): boolean {
    return this.#sink !== null;
  }

  /** The exchange waits for bytes of the client. */
  get wanted(): boolean {
    return this.#sink !== null && !this.#paused;
  }

  /** True when the rest of the body is so short that reading it is better than closing the connection. */
  get worthFinishing(): boolean {
    const { bodyDone, head, dataBytes } = this.#reader;
    return bodyDone ||
      (!this.continueOwed && head.bodyBytes >= 0 && head.bodyBytes - dataBytes <= MAX_DISCARD_BYTES);
  }

  /** Passes the body to `sink`. */
  read(sink: BodySink): void {
    if (this.#reader.bodyDone) return sink.bodyEnd(this.#reader.trailers);
    this.#sink = sink;
    if (this.continueOwed && this.#input.empty) {
      this.continueOwed = false;
      this.#socket.write("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
    }
    this.#owner.bodyTurned();
    if (!this.#paused) this.#input.resume();
  }

  pause(): void {
    if (this.#paused || this.#reader.bodyDone) return;
    this.#paused = true;
    this.#input.pause();
    this.#owner.bodyTurned();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#owner.bodyTurned();
    this.#input.resume();
  }

  /** Takes body bytes, beginning at `at`, while the exchange wants them; returns the offset after them. */
  take(bytes: Buffer, at: number): number {
    const reader = this.#reader;
    const sink = this.#sink!;
    const end = reader.readBody(bytes, at);
    if (end === REFUSED) {
      this.#sink = null;
      this.#owner.bodyMalformed(reader.error!.message);
      return bytes.length;
    }
    this.#owner.bodyCame(end - at);
    this.continueOwed = false;
    const { data } = reader;
    for (let i = 0; i < data.length; i += 2) {
      if (data[i + 1]! > data[i]!) sink.bodyData(bytes, data[i]!, data[i + 1]!);
      // the sink may have paused
      if (this.#sink !== sink) return end;
    }
    if (reader.bodyDone) this.#sink = null;
    this.#owner.bodyTurned();
    if (reader.bodyDone) sink.bodyEnd(reader.trailers);
    return end;
  }

  /** The exchange is over, and the rest of the body is not wanted. */
  release(): void {
    this.#sink = null;
    this.#paused = false;
    this.continueOwed = false;
  }
}
