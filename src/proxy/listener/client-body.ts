/**
 * The body of the request that a client is sending: handed to the exchange's sink as fast as that takes it.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { REFUSED, type RequestReader } from "../../http/mod.ts";
import type { ClientInput } from "./client-input.ts";
import type { BodySink } from "../exchange/downstream.ts";

/** A body that nobody wanted is read to its end up to this length; beyond, the connection is closed. */
export const MAX_DISCARD_BYTES = 65536;

/** Hears of the body. */
export interface ClientBodyOwner {
  /** Bytes of the body, framing included, have come. */
  bodyCame(bytes: number): void;
  /** Reading has begun, gone on, stopped or ended: other deadlines hold. */
  bodyTurned(): void;
  bodyMalformed(message: string): void;
}

/** One for each connection. */
export class ClientBody {
  /** The client waits for `100 Continue` before it sends. */
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

  /** Somebody has asked for it, and it has not ended. */
  get begun(): boolean {
    return this.#sink !== null;
  }

  /** Somebody waits for what the client sends. */
  get wanted(): boolean {
    return this.#sink !== null && !this.#paused;
  }

  /** It is there, or so short that reading it to its end is better than closing the connection. */
  get worthFinishing(): boolean {
    const { bodyDone, head, dataBytes } = this.#reader;
    return bodyDone ||
      (!this.continueOwed && head.bodyBytes >= 0 && head.bodyBytes - dataBytes <= MAX_DISCARD_BYTES);
  }

  /** Hands the body to `sink` from now on. */
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

  /** Takes body bytes from `at` on, while it is wanted; returns the offset after them. */
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
      // the sink may have had enough
      if (this.#sink !== sink) return end;
    }
    if (reader.bodyDone) this.#sink = null;
    this.#owner.bodyTurned();
    if (reader.bodyDone) sink.bodyEnd(reader.trailers);
    return end;
  }

  /** The exchange is over: nobody wants the rest. */
  release(): void {
    this.#sink = null;
    this.#paused = false;
    this.continueOwed = false;
  }
}
