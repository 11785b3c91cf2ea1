/**
 * The body of one response on its way from the upstream to the client: the slower side sets the pace, or what is too much
 * for the client is kept as far as the location allows.
 *
 * @module
 */
import { CHUNKED, type ResponseHead, type UpstreamAttempt } from "../../http/mod.ts";
import { knownFieldId } from "../../http/known-field.ts";
import type { ForwardSettings } from "../contract.ts";
import type { WireCore } from "../exchange/core.ts";
import type { OpenExchange } from "../exchange/open-exchange.ts";
import type { UpstreamLease } from "../exchange/upstream-session.ts";
import { type BufferLimits, ResponseBuffer, type ResponseBufferOwner } from "./response-buffer.ts";

const X_ACCEL_BUFFERING = knownFieldId("x-accel-buffering");

/** Hears of trouble. */
export interface RelayOwner {
  /** An error of our own. */
  crashed(error: unknown): void;
}

/** One response. */
export class ResponseRelay implements ResponseBufferOwner {
  /** How much is kept for a slow client; `null`: nothing, the upstream is paused. */
  limits!: BufferLimits | null;
  /** The upstream is paused for the client's sake. */
  blocked!: boolean;
  readonly #exchange: OpenExchange;
  readonly #core: WireCore;
  readonly #owner: RelayOwner;
  #readTimeoutMs!: number;
  #record!: UpstreamAttempt;
  /** `null`: nothing more is read. */
  #lease!: UpstreamLease | null;
  /** Made when the client first falls behind. */
  #buffer!: ResponseBuffer | null;
  /** What passes has the chunk framing of the upstream. */
  #framed!: boolean;
  /** What the last write said: the client takes more. */
  #more!: boolean;
  #complete!: boolean;
  /** How the response ends once the client has got what is kept. */
  #ending!: (() => void) | null;

  constructor(exchange: OpenExchange, core: WireCore, owner: RelayOwner) {
    this.#exchange = exchange;
    this.#core = core;
    this.#owner = owner;
  }

  /** Begins with a response whose head is there, and forgets a former one. */
  take(settings: ForwardSettings, lease: UpstreamLease, record: UpstreamAttempt): void {
    this.#readTimeoutMs = settings.readTimeoutMs;
    this.#lease = lease;
    this.#record = record;
    this.limits = limitsOf(settings, lease.head);
    this.blocked = false;
    this.#buffer = null;
    this.#framed = false;
    this.#more = true;
    this.#complete = false;
    this.#ending = null;
  }

  /** The client has still to take some of what was read. */
  get keeps(): boolean {
    return this.#buffer !== null && !this.#buffer.empty;
  }

  /** The head has gone to the client: the body follows. */
  begin(): void {
    const lease = this.#lease!;
    this.#framed = lease.bodyBytes === CHUNKED && this.#exchange.passesChunks && lease.keepFraming();
  }

  /** Passes on what the upstream sent. */
  data(bytes: Uint8Array, start: number, end: number): void {
    const exchange = this.#exchange;
    if (this.#buffer !== null) this.#more = this.#buffer.add(bytes, start, end);
    else if (this.#framed) this.#more = exchange.downstream.writeFramed(bytes, start, end);
    else this.#more = exchange.write(bytes, start, end);
  }

  /** No more data for now: lets the upstream go on, or not. */
  flush(): void {
    const lease = this.#lease!;
    this.#record.responseBytes = lease.dataBytes;
    this.#exchange.downstream.flush();
    if (!this.#more && this.#buffer === null && this.limits !== null) {
      // connections come before files when descriptors are short
      const limits = this.#core.mayConnect ? this.limits : { ...this.limits, fileBytes: 0 };
      this.#exchange.keep();
      this.#buffer = new ResponseBuffer(this, limits, true);
      this.#more = true;
    }
    if (this.#more) lease.setDeadline(this.#readTimeoutMs);
    else {
      this.#more = true;
      this.blocked = true;
      lease.clearDeadline();
      lease.pause();
    }
  }

  /** Everything has been read. */
  complete(): void {
    this.#complete = true;
    this.#record.responseBytes = this.#lease!.dataBytes;
  }

  /** The client (or the encoder before it) takes bytes again. */
  clientDrained(): void {
    if (this.#buffer !== null) this.#buffer.drained();
    else this.#readOn();
  }

  #readOn(): void {
    if (!this.blocked) return;
    this.blocked = false;
    const lease = this.#lease;
    if (lease === null || this.#complete) return;
    lease.setDeadline(this.#readTimeoutMs);
    lease.resume();
  }

  /** Nothing more is read: the connection goes its own way. */
  detach(): void {
    if (this.#lease !== null) this.#record.responseBytes = this.#lease.dataBytes;
    this.#lease = null;
  }

  /** Calls `ending` when the client has taken what is kept, at once if that is nothing. */
  endWith(ending: () => void): void {
    if (this.keeps) this.#ending = ending;
    else ending();
  }

  /** Throws away what is kept. */
  discard(): void {
    this.#lease = null;
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
