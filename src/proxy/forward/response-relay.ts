/**
 * The body of one response on its way from the upstream to the client: the slower side sets the pace, or what is too much
 * for the client is kept as far as the location allows.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { CHUNKED, REFUSED, type ResponseHead, type UpstreamAttempt } from "../../http/mod.ts";
import { knownFieldId } from "../../http/known-field.ts";
import type { ProxyErrorCode } from "../../proxy-error.ts";
import type { ForwardSettings } from "../contract.ts";
import type { WireCore } from "../exchange/core.ts";
import type { OpenExchange } from "../exchange/open-exchange.ts";
import { LastChunk } from "../exchange/downstream.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { type BufferLimits, ResponseBuffer, type ResponseBufferOwner } from "./response-buffer.ts";

const X_ACCEL_BUFFERING = knownFieldId("x-accel-buffering");

/** Hears of the response's end. */
export interface RelayOwner {
  /**
   * The body has been read to its end. `lastChunk` is one of {@link LastChunk}; `clean`: nothing came behind the response.
   */
  relayComplete(lastChunk: number, clean: boolean): void;
  /** The response cannot go on. */
  relayCut(code: ProxyErrorCode, message: string): void;
  /** An error of our own. */
  crashed(error: unknown): void;
}

/** One response. */
export class ResponseRelay implements ResponseBufferOwner {
  /** How much is kept for a slow client; `null`: nothing, the upstream is paused. */
  readonly limits: BufferLimits | null;
  /** The upstream is paused for the client's sake. */
  blocked = false;
  /** The upstream ended while bytes were held; `null`: it did not. */
  heldEnd: { readonly error: Error | null } | null = null;
  /** What came while the head was with the policies. */
  #held: Buffer | null = null;
  readonly #exchange: OpenExchange;
  readonly #core: WireCore;
  readonly #readTimeoutMs: number;
  readonly #record: UpstreamAttempt;
  readonly #owner: RelayOwner;
  /** `null`: nothing more is read. */
  #connection: UpstreamConnection | null;
  /** Made when the client first falls behind. */
  #buffer: ResponseBuffer | null = null;
  /** What passes has the chunk framing of the upstream. */
  #framed = false;
  /** How the response ends once the client has got what is kept. */
  #ending: (() => void) | null = null;

  constructor(
    exchange: OpenExchange,
    core: WireCore,
    settings: ForwardSettings,
    connection: UpstreamConnection,
    record: UpstreamAttempt,
    owner: RelayOwner,
  ) {
    this.#exchange = exchange;
    this.#core = core;
    this.#readTimeoutMs = settings.readTimeoutMs;
    this.#connection = connection;
    this.#record = record;
    this.#owner = owner;
    this.limits = limitsOf(settings, connection.reader.head);
  }

  /** The client has still to take some of what was read. */
  get keeps(): boolean {
    return this.#buffer !== null && !this.#buffer.empty;
  }

  /** Keeps what comes while the head is with the policies. */
  hold(bytes: Buffer): void {
    this.#held = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
  }

  /** What was held, which is held no longer. */
  takeHeld(): Buffer {
    const held = this.#held!;
    this.#held = null;
    return held;
  }

  /** Passes on what the upstream sent, from `at` on. */
  relay(bytes: Buffer, at: number): void {
    const connection = this.#connection!;
    const exchange = this.#exchange;
    const { reader } = connection;
    let end = at;
    let more = true;
    let framed = false;
    if (!reader.bodyDone) {
      const before = reader.dataBytes;
      end = reader.readBody(bytes, at);
      if (end === REFUSED) {
        exchange.downstream.flush();
        return this.#owner.relayCut("upstream-malformed", "the framing of the response is broken");
      }
      this.#record.responseBytes += reader.dataBytes - before;
      framed = reader.bodyBytes === CHUNKED && exchange.passesChunks;
      const parts = framed ? reader.kept : reader.data;
      const buffer = this.#buffer;
      for (let i = 0; i < parts.length; i += 2) {
        more = buffer !== null
          ? buffer.add(bytes, parts[i]!, parts[i + 1]!)
          : framed
          ? exchange.downstream.writeFramed(bytes, parts[i]!, parts[i + 1]!)
          : exchange.write(bytes, parts[i]!, parts[i + 1]!);
        if (this.#connection === null) return;
      }
    }
    if (reader.bodyDone) {
      const last = !framed ? LastChunk.unsent : reader.trailers === "" ? LastChunk.ended : LastChunk.sent;
      return this.#owner.relayComplete(last, end === bytes.length);
    }
    exchange.downstream.flush();
    if (!more && this.#buffer === null && this.limits !== null) {
      this.#framed = framed;
      // connections come before files when descriptors are short
      const limits = this.#core.mayConnect ? this.limits : { ...this.limits, fileBytes: 0 };
      this.#buffer = new ResponseBuffer(this, limits, true);
      more = true;
    }
    if (more) connection.setDeadline(this.#readTimeoutMs);
    else {
      this.blocked = true;
      connection.clearDeadline();
      connection.socket.pause();
    }
  }

  /** The client (or the encoder before it) takes bytes again. */
  clientDrained(): void {
    if (this.#buffer !== null) this.#buffer.drained();
    else this.#readOn();
  }

  #readOn(): void {
    if (!this.blocked) return;
    this.blocked = false;
    const connection = this.#connection;
    if (connection === null || connection.reader.bodyDone) return;
    connection.setDeadline(this.#readTimeoutMs);
    connection.socket.resume();
  }

  /** Nothing more is read: the connection goes its own way. */
  detach(): void {
    this.#connection = null;
  }

  /** Calls `ending` when the client has taken what is kept, at once if that is nothing. */
  endWith(ending: () => void): void {
    if (this.keeps) this.#ending = ending;
    else ending();
  }

  /** Throws away what is kept. */
  discard(): void {
    this.#connection = null;
    this.#ending = null;
    this.#buffer?.discard();
  }

  // ---- from the buffer

  bufferWrite(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#framed) return this.#exchange.downstream.writeFramed(bytes, start, end);
    return this.#exchange.write(bytes, start, end);
  }

  bufferFlush(): void {
    this.#exchange.downstream.flush();
  }

  bufferRoom(): void {
    this.#core.tick();
    this.#readOn();
  }

  bufferEmpty(): void {
    const ending = this.#ending;
    if (ending === null) return;
    this.#core.tick();
    this.#ending = null;
    this.#buffer!.discard();
    ending();
  }

  bufferFileFailed(error: Error): void {
    this.#core.tellNoFile(error);
  }

  bufferFailed(error: unknown): void {
    this.#owner.crashed(error);
  }
}

/** How much of a response is kept for a slow client, as the location and the upstream want it; `null`: nothing. */
function limitsOf(settings: ForwardSettings, head: ResponseHead): BufferLimits | null {
  const { responseBuffering } = settings;
  if (responseBuffering === undefined || responseBuffering === null) return null;
  const told = head.hasKnown(X_ACCEL_BUFFERING) ? head.get("x-accel-buffering")?.toLowerCase() : undefined;
  if (told === "yes") return responseBuffering;
  return told === "no" || !responseBuffering.enabled ? null : responseBuffering;
}
