/**
 * The body of one request of HTTP/2: handed to the exchange's sink as fast as that takes it; small parts are gathered.
 *
 * @module
 */
import type { HpackField } from "../../http/h2/mod.ts";
import { HeldBytes } from "../held-bytes.ts";
import type { BodySink } from "../exchange/downstream.ts";

/**
 * Parts below this size wait for the end of the socket's event, so that a client which sends its body byte by byte does
 * not cost a write for each.
 */
const GATHERED_BYTES = 4096;

/** Hears of the body. */
export interface H2BodyOwner {
  /** Bytes are about to go to the sink. */
  bodyCame(bytes: number): void;
  /** Bytes are used up: the client may send as many again. */
  bodyConsumed(bytes: number): void;
  /** {@link H2Body.deliver} is wanted at the end of the socket's event. */
  bodyGathered(): void;
  /** Reading has begun, gone on, stopped or ended: other deadlines hold. */
  bodyTurned(): void;
}

/** One for each stream. */
export class H2Body {
  /** The client has sent its end. */
  ended = false;
  readonly #owner: H2BodyOwner;
  #sink: BodySink | null = null;
  #paused = false;
  /** Received but not taken yet; bounded by the stream's window. */
  #held: HeldBytes | null = null;
  #gathering = false;
  /** All that Content-Length announced has come, but not the end. */
  #reached = false;
  #trailers = "";

  constructor(owner: H2BodyOwner) {
    this.#owner = owner;
  }

  /** Everything has been handed on. */
  get complete(): boolean {
    return this.ended && this.#held === null;
  }

  /** Somebody waits for what the client sends. */
  get wanted(): boolean {
    return this.#sink !== null && !this.#paused;
  }

  /** Nothing of it has come. */
  get untouched(): boolean {
    return this.#held === null && !this.ended;
  }

  /**
   * Bytes came. `last`: with them the length is reached that was announced. They wait for the end of the stream, so that a
   * request whose body goes on beyond its length is never complete for an upstream.
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

  /** The end came. */
  end(trailers: readonly HpackField[] | null): void {
    this.ended = true;
    if (trailers !== null) { for (const { name, value } of trailers) this.#trailers += `${name}: ${value}\r\n`; }
    this.deliver();
  }

  /** Hands the body to `sink` from now on. */
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

  /** Hands on what is held, as far as the sink takes it. */
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
    // What the sink did not want to wait for is used up; if it paused, the next bytes wait here, and so does the window.
    this.#owner.bodyConsumed(bytes.length);
  }

  /** Nobody wants it any more. Returns the bytes that are dropped. */
  drop(): number {
    const dropped = this.#held?.bytes ?? 0;
    this.#sink = null;
    this.#held = null;
    return dropped;
  }
}
