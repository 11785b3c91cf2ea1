/**
 * Sends the body of a request to an upstream: read completely before, or streamed.
 *
 * @module
 */
import { CHUNKED } from "../../http/mod.ts";
import { type BodySink, filterTrailers, type OpenExchange, type UpstreamLease } from "../exchange/mod.ts";
import type { ForwardPlan, ForwardSettings } from "../contract.ts";
import { BodySpool, type SpoolOwner, type SpoolReader } from "./body-spool.ts";

/** Largest body in memory that is joined with the head into one write. */
const MAX_JOINED_BYTES = 16384;

/** Gets the events of an upload. */
export interface UploadOwner {
  /** The body has been read as far as the first attempt needs it. */
  uploadReady(): void;
  /** The body is too large. */
  uploadTooLarge(): void;
  /** The body cannot be stored. */
  uploadFailed(error: Error): void;
  /** An internal error, which must cost this exchange only. */
  crashed(error: unknown): void;
  /** Bytes were written to the upstream; `more` is the result of the write. */
  uploadWrote(more: boolean): void;
}

/** Upload of one body. */
export class Upload implements BodySink, SpoolOwner, SpoolReader {
  /** The whole body has been written. */
  done = false;
  /** Parts of the body are no longer available, so the request cannot be sent again. */
  lost = false;
  readonly #exchange: OpenExchange;
  readonly #settings: ForwardSettings;
  readonly #owner: UploadOwner;
  readonly #spool: BodySpool | null;
  #lease: UpstreamLease | null = null;
  #received = 0;
  #over = false;

  constructor(exchange: OpenExchange, settings: ForwardSettings, owner: UploadOwner) {
    this.#exchange = exchange;
    this.#settings = settings;
    this.#owner = owner;
    // an HTTP/1.0 upstream needs the length, and with a length of 0 the head is a whole request
    const whole = settings.requestBuffering || exchange.requestBodyBytes === 0 ||
      (exchange.requestBodyBytes === CHUNKED && settings.httpVersion === "1.0");
    this.#spool = whole ? new BodySpool(this, settings.bodyBufferBytes) : null;
  }

  /** Begins to read; {@link UploadOwner.uploadReady} follows. */
  start(): void {
    if (this.#spool === null) this.#owner.uploadReady();
    else this.#exchange.downstream.readBody(this);
  }

  /** Pauses a streamed body until the next attempt is connected. */
  hold(): void {
    if (this.#spool === null) this.#exchange.downstream.pauseBody();
  }

  /** Sends the request with the body so far; the rest follows. */
  send(lease: UpstreamLease, plan: ForwardPlan): void {
    this.#lease = lease;
    const exchange = this.#exchange;
    const spool = this.#spool;
    if (spool === null) {
      this.#owner.uploadWrote(lease.send(exchange, plan, exchange.requestBodyBytes, null));
      const { downstream } = exchange;
      downstream.resumeBody();
      downstream.readBody(this);
    } else if (spool.inMemory && spool.bytes <= MAX_JOINED_BYTES) {
      this.done = true;
      this.#owner.uploadWrote(lease.send(exchange, plan, spool.bytes, spool.text()));
    } else {
      this.done = false;
      this.#owner.uploadWrote(lease.send(exchange, plan, spool.bytes, null));
      spool.read(this);
    }
  }

  /** The attempt is over: stops writing to its connection. */
  stop(): void {
    this.#lease = null;
    this.#spool?.stop();
  }

  /** Discards the body. */
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
    const lease = this.#lease;
    if (lease === null) return;
    this.lost = true;
    const more = lease.write(bytes, start, end);
    this.#owner.uploadWrote(more);
    if (!more) this.#exchange.downstream.pauseBody();
  }

  bodyEnd(trailers: string): void {
    if (this.#over) return;
    if (this.#spool !== null) return this.#spool.complete();
    const lease = this.#lease;
    if (lease === null) return;
    this.done = true;
    this.#owner.uploadWrote(lease.end(filterTrailers(trailers, this.#settings.dropFields)));
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
    const lease = this.#lease;
    if (lease === null) return false;
    const more = lease.write(bytes, 0, bytes.length);
    this.#owner.uploadWrote(more);
    return more;
  }

  get spoolTaken(): boolean {
    return this.#lease !== null && this.#lease.emptied;
  }

  spoolEnd(): void {
    const lease = this.#lease;
    if (lease === null) return;
    this.done = true;
    this.#owner.uploadWrote(lease.end(""));
  }
}
