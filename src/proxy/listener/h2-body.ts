/**
 * The request body of an HTTP/2 stream: passed to the exchange's sink at the speed of the sink; small parts are joined.
 *
 * @module
 */
import type { HpackField } from "../../http/h2/mod.ts";
import { HeldBytes } from "../held-bytes.ts";
import type { BodySink } from "../exchange/mod.ts";

/**
 * Parts below this size wait for the end of the socket's event, so that a client that sends single bytes does not cost
 * a write for each.
 */
const GATHERED_BYTES = 4096;

/** Gets the events of the body. */
export interface H2BodyOwner {
  /** Bytes are going to the sink. */
  bodyCame(bytes: number): void;
  /** Bytes have been used: the client may send as many again. */
  bodyConsumed(bytes: number): void;
  /** Asks for a call of {@link H2Body.deliver} at the end of the socket's event. */
  bodyGathered(): void;
  /** Reading has begun, resumed, paused or ended, which changes the deadlines. */
  bodyTurned(): void;
}

/** Body of one stream. */
export class H2Body {
  /** The client has ended the body. */
  ended = false;
  readonly #owner: H2BodyOwner;
  #sink: BodySink | null = null;
  #paused = false;
  /** Bytes that were received and not passed on; the stream's window bounds them. */
  #held: HeldBytes | null = null;
  #gathering = false;
  /** All bytes that Content-Length announces have arrived, but not the end of the stream. */
  #reached = false;
  #trailers = "";

  constructor(owner: H2BodyOwner) {
    this.#owner = owner;
  }

  /** The whole body has been passed on. */
  get complete(): boolean {
    return this.ended && this.#held === null;
  }

  /** The exchange waits for bytes of the client. */
  get wanted(): boolean {
    return this.#sink !== null && !this.#paused;
  }

  /** No byte has arrived. */
  get untouched(): boolean {
    return this.#held === null && !this.ended;
  }

  /**
   * Bytes arrived. `last`: they complete Content-Length; they wait for the end of the stream, so that an upstream never
   * gets a whole request whose body goes on beyond its length.
   */
  add(bytes: Uint8Array, last: boolean): void {
    if (last) {
      this.#reached = true;
      (this.#held ??= new HeldBytes()).add(bytes);
      return this.#owner.bodyTurned();
    }
    if (this.#held === null && this.wanted && bytes.length >= GATHERED_BYTES) return this.#hand(bytes);
    (this.#held ??= new HeldBytes()).add(bytes);
    if (this.#gathering || !this.wanted) return;
    this.#gathering = true;
    this.#owner.bodyGathered();
  }

  /** The body ended. */
  end(trailers: readonly HpackField[] | null): void {
    this.ended = true;
    if (trailers !== null) { for (const { name, value } of trailers) this.#trailers += `${name}: ${value}\r\n`; }
    this.deliver();
  }

  /** Passes the body to `sink`. */
  read(sink: BodySink): void {
    this.#sink = sink;
    this.#owner.bodyTurned();
    this.deliver();
  }

  pause(): void {
    this.#paused = true;
    this.#owner.bodyTurned();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#owner.bodyTurned();
    this.deliver();
  }

  /** Passes held bytes on, as far as the sink takes them. */
  deliver(): void {
    this.#gathering = false;
    if (this.#reached && !this.ended) return;
    while (this.#held !== null && this.wanted) {
      const bytes = this.#held.shift()!;
      if (this.#held.empty) this.#held = null;
      this.#hand(bytes);
    }
    const sink = this.#sink;
    if (!this.complete || sink === null) return;
    this.#sink = null;
    this.#owner.bodyTurned();
    sink.bodyEnd(this.#trailers);
  }

  #hand(bytes: Uint8Array): void {
    this.#owner.bodyCame(bytes.length);
    this.#sink!.bodyData(bytes, 0, bytes.length);
    // Bytes that the sink took count as used; while it is paused, the next bytes and the window wait.
    this.#owner.bodyConsumed(bytes.length);
  }

  /** The body is no longer wanted. Returns the number of bytes dropped. */
  drop(): number {
    const dropped = this.#held?.bytes ?? 0;
    this.#sink = null;
    this.#held = null;
    return dropped;
  }
}
