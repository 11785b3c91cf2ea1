/**
 * The streams of a connection: the open ones, and what a client may still send on closed ones.
 *
 * @see RFC 9113 section 5.1
 * @module
 */
import type { Backlog } from "../backlog.ts";
import type { H2Stream } from "./stream.ts";

/** Streams that are remembered after they were given up. A client cannot have more open without knowing of the end. */
const REMEMBERED = 256;

/** State of a stream that is not open. Numbers, because it is looked up for every late frame. */
export const Closed = {
  /** The client has ended or reset it, or left its number out: it may not send on it. */
  byClient: 0,
  /** The server gave it up before the client ended it: late frames are ignored. */
  byUs: 1,
  /** Closed too long ago to be known. */
  unknown: 2,
} as const;

/** Streams of one connection. */
export class StreamTable<C> {
  readonly open = new Map<number, H2Stream<C>>();
  readonly #backlog: Backlog;
  #heldBytes = 0;
  /** Highest number that the client has used. */
  lastId = 0;
  /** Bytes that the client may still send on each stream that we gave up, the oldest first. */
  #givenUp: Map<number, number> | null = null;
  /** Highest number that is not remembered any more. */
  #forgotten = 0;

  constructor(backlog: Backlog) {
    this.#backlog = backlog;
  }

  /** So many more response bytes wait for the client, or fewer when negative. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
    this.#backlog.add(bytes);
  }

  /** Streams of this connection hold a good part of what is too much for the process. */
  get crowding(): boolean {
    return this.#backlog.isCrowdedBy(this.#heldBytes);
  }

  /** The stream is over. What the client had not ended is remembered. */
  close(stream: H2Stream<C>): void {
    stream.closed = true;
    for (const { chunk, at } of stream.pending) this.hold(at - chunk.length);
    stream.pending.length = 0;
    this.open.delete(stream.id);
    if (!stream.remoteEnded) this.remember(stream.id, stream.receiveWindow);
  }

  /** A stream is given up that the client may go on with, by so many bytes of data. */
  remember(id: number, windowBytes: number): void {
    const givenUp = this.#givenUp ??= new Map<number, number>();
    givenUp.set(id, windowBytes);
    if (givenUp.size <= REMEMBERED) return;
    const [oldest] = givenUp.keys();
    givenUp.delete(oldest!);
    this.#forgotten = Math.max(this.#forgotten, oldest!);
  }

  /** The client has ended a stream that is not open. */
  endedByClient(id: number): void {
    this.#givenUp?.delete(id);
  }

  /** Of a number that was used, and is not open. One of {@link Closed}. */
  closedBy(id: number): number {
    if (this.#givenUp?.has(id)) return Closed.byUs;
    return id <= this.#forgotten ? Closed.unknown : Closed.byClient;
  }

  /** Data came on a stream that we gave up; tells whether the client may send as much. */
  takeLate(id: number, bytes: number): boolean {
    const left = this.#givenUp!.get(id)! - bytes;
    if (left < 0) return false;
    this.#givenUp!.set(id, left);
    return true;
  }
}
