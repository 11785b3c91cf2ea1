/**
 * The body of a request on its way to an upstream: read whole first, or sent on as it comes.
 *
 * @module
 */
import { CHUNKED } from "../../http/mod.ts";
import type { OpenExchange } from "../exchange/open-exchange.ts";
import type { BodySink } from "../exchange/downstream.ts";
import type { ForwardPlan, ForwardSettings } from "../contract.ts";
import type { UpstreamLease } from "../exchange/upstream-session.ts";
import { filterTrailers } from "../exchange/masks.ts";
import { BodySpool, type SpoolOwner, type SpoolReader } from "./body-spool.ts";

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
  #lease: UpstreamLease | null = null;
  #received = 0;
  #over = false;

  constructor(exchange: OpenExchange, settings: ForwardSettings, owner: UploadOwner) {
    this.#exchange = exchange;
    this.#settings = settings;
    this.#owner = owner;
    // an HTTP/1.0 upstream must be told the length, and a length of 0 makes the head a whole request
    const whole = settings.requestBuffering || exchange.requestBodyBytes === 0 ||
      (exchange.requestBodyBytes === CHUNKED && settings.httpVersion === "1.0");
    this.#spool = whole ? new BodySpool(this, settings.bodyBufferBytes) : null;
  }

  /** Begins to read; {@link UploadOwner.uploadReady} follows. */
  start(): void {
    if (this.#spool === null) this.#owner.uploadReady();
    else this.#exchange.downstream.readBody(this);
  }

  /** A streamed body waits until the next attempt stands. */
  hold(): void {
    if (this.#spool === null) this.#exchange.downstream.pauseBody();
  }

  /** Sends the request and what there is of its body; the rest follows. */
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

  /** The attempt is over: nothing is written to its connection any more. */
  stop(): void {
    this.#lease = null;
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
