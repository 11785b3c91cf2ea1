/**
 * Checks frames by themselves, without the state of their stream: sizes, stream numbers, padding, header blocks in one
 * piece. Valid frames are reported as events.
 *
 * @see RFC 9113 section 6
 * @module
 */
import { Buffer } from "node:buffer";
import { ErrorCode, Flag, FrameType, MAX_FRAME_BYTES, MAX_WINDOW_BYTES, readUint32 } from "./frame.ts";
import { ConnectionError, type FrameHead, type FrameSink } from "./frame-reader.ts";

/** Gets the meaning of frames. An exception ends the connection. */
export interface FrameEvents {
  /** A whole header block stands in `bytes` from `start` to `end`, which are not the taker's to keep. */
  headers(streamId: number, ended: boolean, bytes: Uint8Array, start: number, end: number): void;
  /** A DATA frame begins; `length` counts with padding. `empty`: there is no data in it. */
  dataStart(streamId: number, length: number, empty: boolean): void;
  padding(streamId: number, bytes: number): void;
  data(streamId: number, bytes: Uint8Array): void;
  /** END_STREAM stood on the DATA frame that has come to its end. */
  dataEnd(streamId: number): void;
  setting(id: number, value: number): void;
  /** All settings of a frame have been told. */
  settingsEnd(): void;
  windowUpdate(streamId: number, increment: number): void;
  reset(streamId: number, errorCode: number): void;
  /** The payload is not the taker's to keep. */
  ping(payload: Uint8Array, ack: boolean): void;
  goaway(): void;
  /** A frame, or a part of one, carries no work. Called before its meaning is reported. */
  idle(): void;
}

/** Fragments of one header block. */
const CONTINUATIONS_ALLOWED = 32;
/** Bytes of dependency and weight. */
const PRIORITY_BYTES = 5;

/** Checks of one connection. */
export class FrameRules implements FrameSink {
  readonly #events: FrameEvents;
  readonly #maxBlockBytes: number;
  #settingsSeen = false;
  /** A header block that goes on in CONTINUATION frames. */
  #block: { streamId: number; ended: boolean; parts: Uint8Array[]; bytes: number } | null = null;

  /** @param maxBlockBytes of a header block in more than one frame */
  constructor(events: FrameEvents, maxBlockBytes: number) {
    this.#events = events;
    this.#maxBlockBytes = maxBlockBytes;
  }

  head({ type, flags, streamId, length }: FrameHead): void {
    if (!this.#settingsSeen && type !== FrameType.settings) {
      throw new ConnectionError(ErrorCode.protocolError, "the first frame is not SETTINGS");
    }
    if (this.#block !== null && (type !== FrameType.continuation || streamId !== this.#block.streamId)) {
      throw new ConnectionError(ErrorCode.protocolError, "a header block is interrupted");
    }
    if (type !== FrameType.data) return;
    if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, "DATA on stream 0");
    const empty = length === 0 || (length === 1 && (flags & Flag.padded) !== 0);
    this.#events.dataStart(streamId, length, empty);
  }

  padding({ streamId }: FrameHead, bytes: number): void {
    this.#events.padding(streamId, bytes);
  }

  data({ streamId }: FrameHead, bytes: Uint8Array): void {
    this.#events.data(streamId, bytes);
  }

  dataEnd({ streamId, flags }: FrameHead): void {
    if (flags & Flag.endStream) this.#events.dataEnd(streamId);
  }

  payload(frame: FrameHead, bytes: Uint8Array, start: number, end: number): void {
    const { streamId, flags } = frame;
    switch (frame.type) {
      case FrameType.headers:
        return this.#headers(frame, bytes, start, end);
      case FrameType.continuation:
        return this.#continuation(frame, bytes, start, end);
      case FrameType.settings:
        return this.#settings(frame, bytes, start, end);
      case FrameType.windowUpdate: {
        expectBytes(frame, 4, "WINDOW_UPDATE");
        this.#events.idle();
        return this.#events.windowUpdate(streamId, readUint32(bytes, start) & MAX_WINDOW_BYTES);
      }
      case FrameType.rstStream:
        expectBytes(frame, 4, "RST_STREAM");
        if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, "RST_STREAM on stream 0");
        return this.#events.reset(streamId, readUint32(bytes, start));
      case FrameType.ping:
        if (streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, "PING on a stream");
        expectBytes(frame, 8, "PING");
        this.#events.idle();
        return this.#events.ping(bytes.subarray(start, end), (flags & Flag.ack) !== 0);
      case FrameType.goaway:
        if (streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, "GOAWAY on a stream");
        if (end - start < 8) throw new ConnectionError(ErrorCode.frameSizeError, "GOAWAY is too short");
        this.#events.idle();
        return this.#events.goaway();
      case FrameType.priority:
        if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, "PRIORITY on stream 0");
        expectBytes(frame, PRIORITY_BYTES, "PRIORITY");
        this.#events.idle();
        return refuseSelfDependency(streamId, bytes, start);
      case FrameType.pushPromise:
        throw new ConnectionError(ErrorCode.protocolError, "a client sent PUSH_PROMISE");
      default:
        // Unknown types are ignored (RFC 9113 section 5.5).
        this.#events.idle();
    }
  }

  #headers({ flags, streamId }: FrameHead, bytes: Uint8Array, start: number, end: number): void {
    if (streamId % 2 === 0) throw new ConnectionError(ErrorCode.protocolError, "HEADERS on a stream of even number");
    let padding = 0;
    if (flags & Flag.padded) padding = bytes[start++] ?? MAX_FRAME_BYTES;
    if (flags & Flag.priority) {
      if (start + PRIORITY_BYTES <= end) refuseSelfDependency(streamId, bytes, start);
      start += PRIORITY_BYTES;
    }
    end -= padding;
    if (start > end) {
      throw new ConnectionError(ErrorCode.protocolError, "HEADERS is shorter than its padding and priority");
    }
    const ended = (flags & Flag.endStream) !== 0;
    if (flags & Flag.endHeaders) return this.#events.headers(streamId, ended, bytes, start, end);
    const first = Buffer.from(bytes.subarray(start, end));
    this.#block = { streamId, ended, parts: [first], bytes: end - start };
  }

  #continuation({ flags }: FrameHead, bytes: Uint8Array, start: number, end: number): void {
    const block = this.#block;
    if (block === null) throw new ConnectionError(ErrorCode.protocolError, "CONTINUATION without a header block");
    block.parts.push(Buffer.from(bytes.subarray(start, end)));
    block.bytes += end - start;
    if (block.parts.length > CONTINUATIONS_ALLOWED || block.bytes > this.#maxBlockBytes) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "a header block is too long");
    }
    if (!(flags & Flag.endHeaders)) return;
    this.#block = null;
    const whole = Buffer.concat(block.parts);
    this.#events.headers(block.streamId, block.ended, whole, 0, whole.length);
  }

  #settings({ flags, streamId }: FrameHead, bytes: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, "SETTINGS on a stream");
    const ack = (flags & Flag.ack) !== 0;
    if (!this.#settingsSeen && ack) throw new ConnectionError(ErrorCode.protocolError, "the first SETTINGS is an ACK");
    if (ack ? end > start : (end - start) % 6 !== 0) {
      throw new ConnectionError(ErrorCode.frameSizeError, "SETTINGS has a wrong length");
    }
    this.#settingsSeen = true;
    this.#events.idle();
    if (ack) return;
    for (let at = start; at < end; at += 6) {
      // A frame can hold thousands of settings, and each may touch all streams.
      if (at > start) this.#events.idle();
      this.#events.setting(bytes[at]! << 8 | bytes[at + 1]!, readUint32(bytes, at + 2));
    }
    this.#events.settingsEnd();
  }
}

function expectBytes(frame: FrameHead, bytes: number, name: string): void {
  if (frame.length !== bytes) throw new ConnectionError(ErrorCode.frameSizeError, `${name} has a wrong length`);
}

/** Checks the only rule about priorities (RFC 7540 section 5.3.1); they are ignored otherwise. */
function refuseSelfDependency(streamId: number, bytes: Uint8Array, at: number): void {
  if ((readUint32(bytes, at) & 0x7fffffff) !== streamId) return;
  throw new ConnectionError(ErrorCode.protocolError, "a stream depends on itself");
}
