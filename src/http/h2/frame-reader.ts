/**
 * Reads frames: the preface, heads, payloads. Payloads of DATA are passed on as they arrive, others when complete.
 *
 * @see RFC 9113 sections 3.4 and 4.1
 * @module
 */
import { Buffer } from "node:buffer";
import { CLIENT_PREFACE, ErrorCode, Flag, FRAME_HEAD_BYTES, FrameType, MAX_FRAME_BYTES, readUint32 } from "./frame.ts";

/** The connection must end with GOAWAY and this code. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

/** The head of a frame. */
export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** Bytes of the payload. */
  readonly length: number;
}

/** Gets frames. An exception ends the reading. */
export interface FrameSink {
  /** A head was read; its payload follows. */
  head(frame: FrameHead): void;
  /** The payload of any frame but DATA stands in `bytes` from `start` to `end`; the bytes are not the sink's to keep. */
  payload(frame: FrameHead, bytes: Uint8Array, start: number, end: number): void;
  /** Padding of a DATA frame, its length field included, was found. */
  padding(frame: FrameHead, bytes: number): void;
  /** Some of the data of a DATA frame. */
  data(frame: FrameHead, bytes: Uint8Array): void;
  /** The DATA frame has been read to its end. */
  dataEnd(frame: FrameHead): void;
}

/** Part that is being read. Numbers, because the reader compares them for every piece of a frame. */
const Unit = { preface: 0, head: 1, payload: 2, data: 3, over: 4 } as const;
const EMPTY = new Uint8Array(0);

/** Reads the frames of one connection. */
export class FrameReader implements FrameHead {
  type = 0;
  flags = 0;
  streamId = 0;
  length = 0;
  #unit: number = Unit.preface;
  #need: number = CLIENT_PREFACE.length;
  #partial: Buffer = Buffer.alloc(0);
  #partialAt = 0;
  /** Of the DATA frame at hand: data and padding that are still to come; padding is -1 until it is known. */
  #dataLeft = 0;
  #paddingLeft = 0;
  readonly #sink: FrameSink;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Nothing more is read. */
  stop(): void {
    this.#unit = Unit.over;
  }

  /**
   * Reads a chunk, which must not be used again by the caller.
   *
   * @throws ConnectionError, and what the sink throws
   */
  read(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.#unit !== Unit.over) {
      if (this.#unit === Unit.data) {
        at = this.#readData(chunk, at);
        continue;
      }
      const missing = this.#need - this.#partialAt;
      const available = chunk.length - at;
      if (this.#partialAt === 0 && available >= missing) {
        this.#take(chunk, at, at + missing);
        at += missing;
        continue;
      }
      const taken = Math.min(missing, available);
      if (this.#partial.length < this.#need) this.#partial = grow(this.#partial, this.#partialAt, this.#need);
      this.#partial.set(chunk.subarray(at, at + taken), this.#partialAt);
      this.#partialAt += taken;
      at += taken;
      if (taken === missing) {
        this.#partialAt = 0;
        this.#take(this.#partial, 0, this.#need);
      }
    }
  }

  /** A whole preface, frame head or payload stands at `bytes[start, end)`. */
  #take(bytes: Uint8Array, start: number, end: number): void {
    if (this.#unit === Unit.head) this.#takeHead(bytes, start);
    else if (this.#unit === Unit.payload) {
      this.#expectHead();
      this.#sink.payload(this, bytes, start, end);
    } else {
      for (let i = 0; i < CLIENT_PREFACE.length; i++) {
        if (bytes[start + i] !== CLIENT_PREFACE.charCodeAt(i)) {
          throw new ConnectionError(ErrorCode.protocolError, "the connection preface is wrong");
        }
      }
      this.#expectHead();
    }
  }

  #expectHead(): void {
    if (this.#unit === Unit.over) return;
    this.#unit = Unit.head;
    this.#need = FRAME_HEAD_BYTES;
  }

  #takeHead(bytes: Uint8Array, at: number): void {
    const length = bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
    this.length = length;
    this.type = bytes[at + 3]!;
    this.flags = bytes[at + 4]!;
    this.streamId = readUint32(bytes, at + 5) & 0x7fffffff;
    if (length > MAX_FRAME_BYTES) throw new ConnectionError(ErrorCode.frameSizeError, `a frame has ${length} bytes`);
    this.#sink.head(this);
    if (this.type === FrameType.data) this.#startData();
    else if (length === 0) this.#sink.payload(this, EMPTY, 0, 0);
    else {
      this.#unit = Unit.payload;
      this.#need = length;
    }
  }

  #startData(): void {
    const padded = (this.flags & Flag.padded) !== 0;
    if (padded && this.length === 0) {
      throw new ConnectionError(ErrorCode.frameSizeError, "DATA is shorter than its padding");
    }
    this.#paddingLeft = padded ? -1 : 0;
    this.#dataLeft = this.length;
    this.#unit = Unit.data;
    if (this.length === 0) this.#endData();
  }

  #readData(chunk: Uint8Array, at: number): number {
    if (this.#paddingLeft < 0) {
      this.#paddingLeft = chunk[at++]!;
      this.#dataLeft -= 1 + this.#paddingLeft;
      if (this.#dataLeft < 0) throw new ConnectionError(ErrorCode.protocolError, "DATA is shorter than its padding");
      this.#sink.padding(this, 1 + this.#paddingLeft);
    }
    const end = Math.min(chunk.length, at + this.#dataLeft);
    if (end > at) {
      this.#dataLeft -= end - at;
      this.#sink.data(this, at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
      at = end;
    }
    if (this.#dataLeft === 0) {
      const skipped = Math.min(this.#paddingLeft, chunk.length - at);
      this.#paddingLeft -= skipped;
      at += skipped;
      if (this.#paddingLeft === 0) this.#endData();
    }
    return at;
  }

  #endData(): void {
    this.#expectHead();
    this.#sink.dataEnd(this);
  }
}

function grow(buffer: Buffer, used: number, wanted: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(wanted, 256));
  buffer.copy(larger, 0, 0, used);
  return larger;
}
