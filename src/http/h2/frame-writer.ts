/**
 * Writes frames to one buffer, which is sent after the current events.
 *
 * @see RFC 9113 section 6
 * @module
 */
import { Buffer } from "node:buffer";
import { Flag, FRAME_HEAD_BYTES, FrameType, MAX_FRAME_BYTES, Setting, writeFrameHead, writeUint32 } from "./frame.ts";
import { fieldBytes, writeField, writeStatus } from "./hpack-encoder.ts";

/** Field lines to send, names and values in turn; names may have any letter case and are sent in lower case. */
export type FieldLines = readonly string[];

const MIN_OUT_BYTES = 1024;
const MAX_OUT_BYTES = 65536;
/** Longest text of a GOAWAY. */
const MAX_DEBUG_BYTES = 200;

/** Writes the frames of one connection. */
export class FrameWriter {
  #out: Buffer = Buffer.allocUnsafe(MIN_OUT_BYTES);
  #at = 0;
  #wantedBytes = MIN_OUT_BYTES;
  #scheduled = false;
  #blocked = false;
  #unreadBytes = 0;
  readonly #write: (bytes: Uint8Array) => boolean;
  readonly #schedule: (flush: () => void) => void;
  readonly #flush = (): void => {
    this.#scheduled = false;
    this.flush();
  };
  /** The current writer flushes itself, so no flush is scheduled. */
  held = false;
  /** SETTINGS_MAX_FRAME_SIZE of the peer, as far as it is used. */
  maxFrameBytes: number = MAX_FRAME_BYTES;

  /**
   * @param write sends bytes; `false`: the socket is full
   * @param schedule runs a function soon, after the events at hand
   */
  constructor(write: (bytes: Uint8Array) => boolean, schedule: (flush: () => void) => void) {
    this.#write = write;
    this.#schedule = schedule;
  }

  /** The socket is full: DATA waits, other frames do not. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Bytes written since the socket is full. */
  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  /** The socket takes bytes again. */
  unblock(): void {
    this.#blocked = false;
    this.#unreadBytes = 0;
    this.flush();
  }

  /** Sends what is waiting now. */
  flush(): void {
    const used = this.#at;
    if (used === 0) return;
    const bytes = this.#out.subarray(0, used);
    // Buffers are not reused, so their size follows the need.
    this.#wantedBytes = used > this.#wantedBytes >> 1
      ? Math.min(this.#wantedBytes * 2, MAX_OUT_BYTES)
      : Math.max(this.#wantedBytes >> 1, MIN_OUT_BYTES);
    this.#out = Buffer.allocUnsafe(this.#wantedBytes);
    this.#at = 0;
    if (this.#blocked) this.#unreadBytes += used;
    if (!this.#write(bytes)) this.#blocked = true;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > this.#out.length) {
      this.flush();
      if (bytes > this.#out.length) this.#out = Buffer.allocUnsafe(bytes);
    }
    if (!this.held && !this.#scheduled) {
      this.#scheduled = true;
      this.#schedule(this.#flush);
    }
  }

  #head(payloadBytes: number, type: number, flags: number, streamId: number): void {
    this.#reserve(FRAME_HEAD_BYTES + payloadBytes);
    this.#at = writeFrameHead(this.#out, this.#at, payloadBytes, type, flags, streamId);
  }

  #uint32(value: number): void {
    this.#at = writeUint32(this.#out, this.#at, value);
  }

  #bytes(bytes: Uint8Array): void {
    this.#out.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  settings(values: readonly (readonly [id: number, value: number])[]): void {
    this.#head(6 * values.length, FrameType.settings, 0, 0);
    for (const [id, value] of values) {
      this.#out[this.#at++] = 0;
      this.#out[this.#at++] = id;
      this.#uint32(value);
    }
  }

  settingsAck(): void {
    this.#head(0, FrameType.settings, Flag.ack, 0);
  }

  /** Takes SETTINGS_MAX_FRAME_SIZE of the peer over; larger frames than a buffer are never sent. */
  applyMaxFrame(bytes: number): void {
    this.maxFrameBytes = Math.min(bytes, MAX_OUT_BYTES - FRAME_HEAD_BYTES);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#head(4, FrameType.windowUpdate, 0, streamId);
    this.#uint32(increment);
  }

  reset(streamId: number, errorCode: number): void {
    this.#head(4, FrameType.rstStream, 0, streamId);
    this.#uint32(errorCode);
  }

  /** `payload` has 8 bytes. */
  ping(flags: number, payload: Uint8Array): void {
    this.#head(8, FrameType.ping, flags, 0);
    this.#bytes(payload);
  }

  goaway(errorCode: number, message: string, lastStreamId: number): void {
    const text = Buffer.from(message, "latin1").subarray(0, MAX_DEBUG_BYTES);
    this.#head(8 + text.length, FrameType.goaway, 0, 0);
    this.#uint32(lastStreamId);
    this.#uint32(errorCode);
    this.#bytes(text);
  }

  /** HEADERS, and CONTINUATION where it takes some. `status` 0 writes trailers. Returns the bytes of head and block. */
  headers(streamId: number, status: number, fields: FieldLines, ended: boolean): number {
    let bytes = FRAME_HEAD_BYTES + 5;
    for (let i = 0; i < fields.length; i += 2) bytes += fieldBytes(fields[i]!, fields[i + 1]!);
    this.#reserve(bytes);
    const out = this.#out;
    const start = this.#at + FRAME_HEAD_BYTES;
    let at = status === 0 ? start : writeStatus(out, start, status);
    for (let i = 0; i < fields.length; i += 2) at = writeField(out, at, fields[i]!, fields[i + 1]!);
    const length = at - start;
    const flags = ended ? Flag.endStream : 0;
    if (length <= this.maxFrameBytes) {
      writeFrameHead(out, this.#at, length, FrameType.headers, flags | Flag.endHeaders, streamId);
      this.#at = at;
    } else this.#fragments(streamId, Buffer.from(out.subarray(start, at)), flags);
    return FRAME_HEAD_BYTES + length;
  }

  #fragments(streamId: number, block: Uint8Array, flags: number): void {
    for (let at = 0; at < block.length; at += this.maxFrameBytes) {
      const part = block.subarray(at, at + this.maxFrameBytes);
      const last = at + part.length === block.length ? Flag.endHeaders : 0;
      if (at === 0) this.#head(part.length, FrameType.headers, flags | last, streamId);
      else this.#head(part.length, FrameType.continuation, last, streamId);
      this.#bytes(part);
    }
  }

  data(streamId: number, bytes: Uint8Array): void {
    this.#head(bytes.length, FrameType.data, 0, streamId);
    this.#bytes(bytes);
  }

  /** An empty DATA frame that ends the stream. */
  end(streamId: number): void {
    this.#head(0, FrameType.data, Flag.endStream, streamId);
  }
}

/** What a server announces first. */
export function serverSettings(
  maxConcurrentStreams: number,
  initialWindowBytes: number,
  maxHeaderListBytes: number,
): readonly (readonly [number, number])[] {
  return [
    [Setting.maxConcurrentStreams, maxConcurrentStreams],
    [Setting.initialWindowSize, initialWindowBytes],
    [Setting.maxHeaderListSize, maxHeaderListBytes],
  ];
}
