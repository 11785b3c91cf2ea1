/**
 * Sends on streams: heads at once, bodies as far as the windows of the peer and the socket allow; the rest waits here.
 *
 * @see RFC 9113 section 5.2
 * @module
 */
import { DEFAULT_WINDOW_BYTES, ErrorCode, MAX_WINDOW_BYTES } from "./frame.ts";
import { ConnectionError } from "./frame-reader.ts";
import type { FieldLines, FrameWriter } from "./frame-writer.ts";
import type { FloodLimits } from "./flood-limits.ts";
import type { StreamTable } from "./stream-table.ts";
import type { H2Stream } from "./stream.ts";

/** Gets events of sending. */
export interface SendFlowOwner<C> {
  /** END_STREAM went out. */
  endSent(stream: H2Stream<C>): void;
  /** A stream that waited can go on. */
  drained(stream: H2Stream<C>): void;
  /** Too many bytes wait, so the stream is given up. Called by the body that is sent on it. */
  crowded(stream: H2Stream<C>): void;
}

/** Sending of one connection. */
export class SendFlow<C> {
  readonly #writer: FrameWriter;
  readonly #streams: StreamTable<C>;
  readonly #floodLimits: FloodLimits;
  readonly #owner: SendFlowOwner<C>;
  /** Window of the connection. */
  #window = DEFAULT_WINDOW_BYTES;
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  initialWindow = DEFAULT_WINDOW_BYTES;

  constructor(writer: FrameWriter, streams: StreamTable<C>, floodLimits: FloodLimits, owner: SendFlowOwner<C>) {
    this.#writer = writer;
    this.#streams = streams;
    this.#floodLimits = floodLimits;
    this.#owner = owner;
  }

  /** Writes a head, or trailers when `status` is 0. Returns the bytes that it takes. */
  headers(stream: H2Stream<C>, status: number, fields: FieldLines, ended: boolean): number {
    this.#floodLimits.work();
    return this.#writer.headers(stream.id, status, fields, ended);
  }

  /** Sends body bytes. `false`: they wait, and the owner is called when sending can go on. */
  data(stream: H2Stream<C>, chunk: Uint8Array): boolean {
    if (stream.pending.length > 0) {
      this.#hold(stream, chunk, 0);
      return false;
    }
    const sent = this.#write(stream, chunk, 0);
    if (sent === chunk.length && !this.#writer.blocked) return true;
    if (sent < chunk.length) this.#hold(stream, chunk, sent);
    stream.waiting = true;
    return false;
  }

  #hold(stream: H2Stream<C>, chunk: Uint8Array, at: number): void {
    stream.pending.push({ chunk, at });
    this.#streams.hold(chunk.length - at);
    if (this.#streams.crowding) this.#owner.crowded(stream);
  }

  /** Ends the stream behind what waits. */
  end(stream: H2Stream<C>): void {
    if (stream.pending.length === 0) this.#writeEnd(stream);
  }

  /** The peer changed SETTINGS_INITIAL_WINDOW_SIZE: all streams change with it. */
  setInitialWindow(bytes: number): void {
    if (bytes > MAX_WINDOW_BYTES) {
      throw new ConnectionError(ErrorCode.flowControlError, "the initial window is too large");
    }
    const change = bytes - this.initialWindow;
    this.initialWindow = bytes;
    for (const stream of this.#streams.open.values()) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW_BYTES) {
        throw new ConnectionError(ErrorCode.flowControlError, "a window overflows by the initial window");
      }
    }
  }

  /** The peer gave the connection a larger window. */
  widen(increment: number): void {
    if (increment === 0) throw new ConnectionError(ErrorCode.protocolError, "WINDOW_UPDATE by 0");
    this.#window += increment;
    if (this.#window > MAX_WINDOW_BYTES) {
      throw new ConnectionError(ErrorCode.flowControlError, "the window of the connection overflows");
    }
    this.pump();
  }

  /** Sends what waits, stream after stream, a frame each in turn. */
  pump(): void {
    let progress = true;
    while (progress && !this.#writer.blocked && this.#window > 0) {
      progress = false;
      for (const stream of this.#streams.open.values()) {
        if (stream.pending.length > 0 && this.#pumpFrame(stream)) progress = true;
        if (this.#writer.blocked || this.#window <= 0) break;
      }
    }
    for (const stream of [...this.#streams.open.values()]) this.#resume(stream);
  }

  /** Sends what waits on one stream. */
  pumpStream(stream: H2Stream<C>): void {
    while (stream.pending.length > 0 && this.#pumpFrame(stream));
    this.#resume(stream);
  }

  /** Sends the first waiting chunk of a stream as far as it goes; tells whether anything was sent. */
  #pumpFrame(stream: H2Stream<C>): boolean {
    const first = stream.pending[0]!;
    const at = this.#write(stream, first.chunk, first.at);
    const moved = at > first.at;
    this.#streams.hold(first.at - at);
    first.at = at;
    if (at === first.chunk.length) stream.pending.shift();
    return moved || at === first.chunk.length;
  }

  /** Writes what windows and socket take of a chunk from `at` on; returns the position behind it. */
  #write(stream: H2Stream<C>, chunk: Uint8Array, at: number): number {
    const writer = this.#writer;
    while (at < chunk.length && !writer.blocked) {
      const length = Math.min(chunk.length - at, stream.sendWindow, this.#window, writer.maxFrameBytes);
      if (length <= 0) break;
      writer.data(stream.id, at === 0 && length === chunk.length ? chunk : chunk.subarray(at, at + length));
      stream.sendWindow -= length;
      stream.sentBytes += length;
      this.#window -= length;
      at += length;
      this.#floodLimits.work();
    }
    return at;
  }

  #resume(stream: H2Stream<C>): void {
    if (stream.closed || stream.pending.length > 0 || this.#writer.blocked) return;
    if (stream.localEnded) {
      if (stream.responded) this.#writeEnd(stream);
    } else if (stream.waiting) {
      stream.waiting = false;
      this.#owner.drained(stream);
    }
  }

  #writeEnd(stream: H2Stream<C>): void {
    if (stream.pendingTrailers !== null) this.headers(stream, 0, stream.pendingTrailers, true);
    else this.#writer.end(stream.id);
    this.#owner.endSent(stream);
  }
}
