/**
 * Relays the body of a response from the upstream to the client at the speed of the slower side; what a slow client has
 * not taken is buffered as far as the location allows.
 *
 * @module
 */
import { CHUNKED, knownFieldId, type ResponseHead, type UpstreamAttempt } from "../../http/mod.ts";
import type { ForwardSettings } from "../contract.ts";
import type { OpenExchange, UpstreamLease, WireCore } from "../exchange/mod.ts";
import { type BufferLimits, ResponseBuffer, type ResponseBufferOwner } from "./response-buffer.ts";

const X_ACCEL_BUFFERING = knownFieldId("x-accel-buffering");

/** Gets internal errors of the relay. */
export interface RelayOwner {
  /** Reports an internal error. */
  crashed(error: unknown): void;
}

/** Relay of one response. */
export class ResponseRelay implements ResponseBufferOwner {
  /** Bounds of the buffer for a slow client; `null`: no buffer, the upstream is paused. */
  limits!: BufferLimits | null;
  /** The upstream is paused because the client is slow. */
  blocked!: boolean;
  readonly #exchange: OpenExchange;
  readonly #core: WireCore;
  readonly #owner: RelayOwner;
  #readTimeoutMs!: number;
  #record!: UpstreamAttempt;
  /** Lease on the upstream; `null`: nothing more is read. */
  #lease!: UpstreamLease | null;
  /** Made when the client is first slower than the upstream. */
  #buffer!: ResponseBuffer | null;
  /** The body is passed on with the chunk framing of the upstream. */
  #framed!: boolean;
  /** Result of the last write: the client takes more. */
  #more!: boolean;
  #complete!: boolean;
  /** Ends the response when the client has taken the buffered bytes. */
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

  /** True while the client has not taken all that was read. */
  get keeps(): boolean {
    return this.#buffer !== null && !this.#buffer.empty;
  }

  /** Begins the body, after the head has gone to the client. */
  begin(): void {
    const lease = this.#lease!;
    this.#framed = lease.bodyBytes === CHUNKED && this.#exchange.passesChunks && lease.keepFraming();
  }

  /** Passes data of the upstream on. */
  data(bytes: Uint8Array, start: number, end: number): void {
    const exchange = this.#exchange;
    if (this.#buffer !== null) this.#more = this.#buffer.add(bytes, start, end);
    else if (this.#framed) this.#more = exchange.downstream.writeFramed(bytes, start, end);
    else this.#more = exchange.write(bytes, start, end);
  }

  /** There is no more data for now: pauses or resumes the upstream. */
  flush(): void {
    const lease = this.#lease!;
    this.#record.responseBytes = lease.dataBytes;
    this.#exchange.downstream.flush();
    if (!this.#more && this.#buffer === null && this.limits !== null) {
      // when descriptors are scarce, connections go before files
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

  /** The whole body has been read. */
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

  /** Detaches from the lease: nothing more is read. */
  detach(): void {
    if (this.#lease !== null) this.#record.responseBytes = this.#lease.dataBytes;
    this.#lease = null;
  }

  /** Calls `ending` when the client has taken the buffered bytes, at once if there are none. */
  endWith(ending: () => void): void {
    if (this.keeps) this.#ending = ending;
    else ending();
  }

  /** Discards the buffered bytes. */
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

/** Bounds of the buffer for a slow client, by the location and the upstream; `null`: no buffer. */
function limitsOf(settings: ForwardSettings, head: ResponseHead): BufferLimits | null {
  const { responseBuffering } = settings;
  if (responseBuffering === undefined || responseBuffering === null) return null;
  const told = head.hasKnown(X_ACCEL_BUFFERING) ? head.get("x-accel-buffering")?.toLowerCase() : undefined;
  if (told === "yes") return responseBuffering;
  return told === "no" || !responseBuffering.enabled ? null : responseBuffering;
}
