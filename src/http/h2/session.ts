/**
 * HTTP/2, server side, without a socket: bytes in, events out; answers in, bytes out. Everything a peer can make it keep
 * is bounded: frames, header blocks, streams, windows, and frames that ask for work without carrying any.
 *
 * @see RFC 9113
 * @module
 */
import { Buffer } from "node:buffer";
import {
  CLIENT_PREFACE,
  DEFAULT_WINDOW_BYTES,
  ErrorCode,
  Flag,
  FRAME_HEAD_BYTES,
  FrameType,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  readUint32,
  Setting,
  writeFrameHead,
  writeUint32,
} from "./frame.ts";
import { HpackDecoder, type HpackField } from "./hpack-decoder.ts";
import { fieldBytes, writeField, writeStatus } from "./hpack-encoder.ts";
import { type H2Request, readRequest, readTrailers } from "./request.ts";
import { H2Stream } from "./stream.ts";

/** Field lines to send, names and values in turn; names may have any letter case and are sent in lower case. */
export type FieldLines = readonly string[];

/** Bounds of one connection. */
export interface SessionLimits {
  /** http2_max_concurrent_streams; default of nginx: 128. */
  readonly maxConcurrentStreams: number;
  /** Header list size (names, values, 32 bytes a line). */
  readonly maxHeaderListBytes: number;
  /** Body bytes of one stream that are received before anybody used them up. */
  readonly streamWindowBytes: number;
  /** Requests on one connection, then GOAWAY (keepalive_requests). */
  readonly maxRequests: number;
}

/** Takes what a session makes. None of these may throw. */
export interface SessionSink<C> {
  /** Bytes to send; `false`: the socket is full, {@link ServerSession.drained} follows. The buffer is not used again. */
  write(bytes: Uint8Array): boolean;
  /** A request head. `ended`: there is no body. */
  request(stream: H2Stream<C>, request: H2Request, ended: boolean): void;
  /** The header list of a request is over the limit; the stream waits for an answer (400 or 431). */
  oversized(stream: H2Stream<C>): void;
  /** Body bytes; give them back with {@link ServerSession.consumed}. The chunk is the receiver's to keep. */
  data(stream: H2Stream<C>, chunk: Uint8Array): void;
  /** The end of the request, with its trailer fields if there were any. */
  end(stream: H2Stream<C>, trailers: readonly HpackField[] | null): void;
  /** The peer gave the stream up, or broke its rules; nothing can be sent any more. */
  reset(stream: H2Stream<C>, errorCode: number): void;
  /** After `send` said no: go on. */
  drain(stream: H2Stream<C>): void;
  /** The stream is over, both ways done. */
  finished(stream: H2Stream<C>): void;
  /** The connection must be closed once what was written is out. `message` is empty after an orderly end. */
  close(errorCode: number, message: string): void;
}

/** Frames without work in them that a peer may send beyond those that carry some. */
const IDLE_FRAMES_ALLOWED = 1000;
/** What each frame with work in it, received or sent, adds to that. */
const IDLE_FRAMES_PER_WORK = 4;
const IDLE_FRAMES_CEILING = 20_000;
/** Streams that a peer may reset before their response, beyond those that it lets end. */
const RESETS_ALLOWED = 200;
/** Fragments of one header block. */
const CONTINUATIONS_ALLOWED = 32;
/** Frames other than DATA that are written although the peer does not read. */
const UNREAD_BYTES_ALLOWED = 1 << 20;
const WINDOW_UPDATE_BYTES = FRAME_HEAD_BYTES + 4;
const MIN_OUT_BYTES = 1024;
const MAX_OUT_BYTES = 65536;
/** The connection's own window is kept this large: streams are bounded one by one. */
const CONNECTION_WINDOW_BYTES = MAX_WINDOW_BYTES;
/** In the first GOAWAY: no stream is too late yet. */
const MAX_STREAM_ID = 0x7fffffff;
const EMPTY = new Uint8Array(0);
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

/** Payload of the PING whose answer tells that the client has seen the first GOAWAY. */
const SHUTDOWN_PING = Buffer.from("shutdown", "latin1");

/** How far the end of a connection has come (RFC 9113 section 6.8). */
const Ending = {
  no: 0,
  /** GOAWAY without a limit is out: streams that were on their way still count. */
  announced: 1,
  /** GOAWAY with the last stream is out: later ones are not looked at. */
  final: 2,
} as const;

/** What is being read. */
const Unit = { preface: 0, head: 1, payload: 2, data: 3, over: 4 } as const;

class SessionError extends Error {
  override readonly name = "SessionError";
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

/** One connection. */
export class ServerSession<C> {
  readonly #limits: SessionLimits;
  readonly #sink: SessionSink<C>;
  readonly #schedule: (flush: () => void) => void;
  readonly #decoder: HpackDecoder;
  readonly #streams = new Map<number, H2Stream<C>>();

  // Receiving
  #unit: number = Unit.preface;
  #need: number = CLIENT_PREFACE.length;
  #partial: Buffer = Buffer.alloc(0);
  #partialAt = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #length = 0;
  /** Of the DATA frame being read: body bytes and padding that are still to come; padding is -1 until it is known. */
  #dataLeft = 0;
  #paddingLeft = 0;
  #settingsSeen = false;
  #lastStreamId = 0;
  #requests = 0;
  #receivedBytes = 0;
  /** A header block that goes on in CONTINUATION frames. */
  #block: { streamId: number; ended: boolean; parts: Uint8Array[]; bytes: number } | null = null;
  #idleFramesLeft = IDLE_FRAMES_ALLOWED;
  #resets = 0;

  // Sending
  #out: Buffer = Buffer.allocUnsafe(MIN_OUT_BYTES);
  #outAt = 0;
  #outBytes = MIN_OUT_BYTES;
  #receiving = false;
  #flushScheduled = false;
  #blocked = false;
  /** Written since the socket is full. */
  #unreadBytes = 0;
  #sendWindow = DEFAULT_WINDOW_BYTES;
  #peerInitialWindow = DEFAULT_WINDOW_BYTES;
  #peerMaxFrame = MAX_FRAME_BYTES;
  #ending: number = Ending.no;
  /** Requests that are taken after the announcement, in case that the client does not answer the PING. */
  #lateRequestsLeft = 0;
  #over = false;
  readonly #flush = (): void => {
    this.#flushScheduled = false;
    this.flush();
  };

  /** @param schedule runs a function soon, after the events at hand; default setImmediate */
  constructor(
    limits: SessionLimits,
    sink: SessionSink<C>,
    schedule: (flush: () => void) => void = setImmediate,
  ) {
    this.#limits = limits;
    this.#sink = sink;
    this.#schedule = schedule;
    this.#decoder = new HpackDecoder(4096, limits.maxHeaderListBytes);
    this.#writeSettings();
  }

  /** Streams that are not over. */
  get activeStreams(): number {
    return this.#streams.size;
  }

  /** Nothing more can be received or sent. */
  get over(): boolean {
    return this.#over;
  }

  /** Takes bytes as they came; the chunk must not be used again by the caller. */
  receive(chunk: Uint8Array): void {
    if (this.#over) return;
    this.#receiving = true;
    try {
      this.#read(chunk);
    } catch (error) {
      if (error instanceof SessionError) this.#fail(error.code, error.message);
      else if (error instanceof SyntaxError) this.#fail(ErrorCode.compressionError, error.message);
      else throw error;
    } finally {
      this.#receiving = false;
      this.flush();
    }
    // Answers to frames of a peer that sends and never reads must not pile up.
    if (this.#unreadBytes > UNREAD_BYTES_ALLOWED) this.#fail(ErrorCode.enhanceYourCalm, "what was sent is not read");
  }

  /** The socket takes bytes again. */
  drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#unreadBytes = 0;
    this.flush();
    this.#pump();
  }

  /** Sends what is waiting now. */
  flush(): void {
    if (this.#outAt === 0) return;
    const used = this.#outAt;
    const bytes = this.#out.subarray(0, used);
    this.#outBytes = used > this.#outBytes >> 1
      ? Math.min(this.#outBytes * 2, MAX_OUT_BYTES)
      : Math.max(this.#outBytes >> 1, MIN_OUT_BYTES);
    this.#out = Buffer.allocUnsafe(this.#outBytes);
    this.#outAt = 0;
    if (this.#blocked) this.#unreadBytes += used;
    if (!this.#sink.write(bytes)) this.#blocked = true;
  }

  /** Sends an informational response. */
  inform(stream: H2Stream<C>, status: number, fields: FieldLines): void {
    if (!stream.closed && !stream.responded) this.#writeHeaders(stream, status, fields, false);
  }

  /** Sends a response head. `ended`: there is no body. Returns the bytes that it takes. */
  respond(stream: H2Stream<C>, status: number, fields: FieldLines, ended: boolean): number {
    if (stream.closed || stream.responded) return 0;
    stream.responded = true;
    const bytes = this.#writeHeaders(stream, status, fields, ended);
    if (ended) this.#endLocally(stream);
    return bytes;
  }

  /**
   * Sends body bytes. `false`: they wait (the whole chunk is taken in any case); {@link SessionSink.drain} follows.
   * The chunk must not change until then.
   */
  send(stream: H2Stream<C>, chunk: Uint8Array): boolean {
    if (stream.closed || stream.localEnded) return true;
    if (stream.pending.length > 0) {
      stream.pending.push({ chunk, at: 0 });
      return false;
    }
    const sent = this.#writeData(stream, chunk, 0);
    if (sent === chunk.length) {
      if (!this.#blocked) return true;
      stream.waiting = true;
      return false;
    }
    stream.pending.push({ chunk, at: sent });
    stream.waiting = true;
    return false;
  }

  /** Ends the response behind what was sent, with trailer fields if there are any. */
  end(stream: H2Stream<C>, trailers: FieldLines | null = null): void {
    if (stream.closed || stream.localEnded) return;
    stream.pendingTrailers = trailers;
    stream.localEnded = true;
    if (stream.pending.length === 0) this.#writeEnd(stream);
  }

  /** Gives the stream up. */
  reset(stream: H2Stream<C>, errorCode: number): void {
    if (stream.closed) return;
    this.#writeReset(stream.id, errorCode);
    this.#forget(stream);
    this.#endIfIdle();
  }

  /** Body bytes given to {@link SessionSink.data} have been used up: the peer may send as many again. */
  consumed(stream: H2Stream<C>, bytes: number): void {
    stream.unacknowledged += bytes;
    if (stream.closed || stream.remoteEnded) return;
    if (stream.unacknowledged < this.#limits.streamWindowBytes >> 1) return;
    stream.receiveWindow += stream.unacknowledged;
    this.#writeWindowUpdate(stream.id, stream.unacknowledged);
    stream.unacknowledged = 0;
  }

  /**
   * No further requests once the client knows; the connection ends when those at hand are done. The end is announced
   * first, so that requests which are on their way are still served.
   */
  shutdown(): void {
    if (this.#ending !== Ending.no || this.#over) return;
    this.#ending = Ending.announced;
    this.#lateRequestsLeft = this.#limits.maxConcurrentStreams;
    this.#writeGoaway(ErrorCode.noError, "", MAX_STREAM_ID);
    this.#writePing(0, SHUTDOWN_PING);
  }

  #endFinally(): void {
    if (this.#ending === Ending.final) return;
    this.#ending = Ending.final;
    this.#writeGoaway(ErrorCode.noError, "", this.#lastStreamId);
    this.#endIfIdle();
  }

  /** Ends the connection now; open streams are told by {@link SessionSink.reset}. */
  destroy(errorCode: number, message: string): void {
    this.#fail(errorCode, message);
    this.flush();
  }

  /** The socket is gone: open streams are told, nothing is written. */
  disconnected(): void {
    if (this.#over) return;
    this.#over = true;
    this.#unit = Unit.over;
    this.#resetAll(ErrorCode.cancel);
  }

  // ---- receiving

  #read(chunk: Uint8Array): void {
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
      this.#takePayload(bytes, start, end);
    } else {
      for (let i = 0; i < CLIENT_PREFACE.length; i++) {
        if (bytes[start + i] !== CLIENT_PREFACE.charCodeAt(i)) {
          throw new SessionError(ErrorCode.protocolError, "the connection preface is wrong");
        }
      }
      this.#expectHead();
    }
  }

  #expectHead(): void {
    this.#unit = Unit.head;
    this.#need = FRAME_HEAD_BYTES;
  }

  #takeHead(bytes: Uint8Array, at: number): void {
    const length = bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
    const type = bytes[at + 3]!;
    this.#length = length;
    this.#type = type;
    this.#flags = bytes[at + 4]!;
    this.#streamId = readUint32(bytes, at + 5) & 0x7fffffff;
    if (length > MAX_FRAME_BYTES) throw new SessionError(ErrorCode.frameSizeError, `a frame has ${length} bytes`);
    if (!this.#settingsSeen && type !== FrameType.settings) {
      throw new SessionError(ErrorCode.protocolError, "the first frame is not SETTINGS");
    }
    if (this.#block !== null && (type !== FrameType.continuation || this.#streamId !== this.#block.streamId)) {
      throw new SessionError(ErrorCode.protocolError, "a header block is interrupted");
    }
    if (type === FrameType.data) {
      if (this.#streamId === 0) throw new SessionError(ErrorCode.protocolError, "DATA on stream 0");
      this.#startData();
      return;
    }
    if (length === 0) {
      this.#takePayload(EMPTY, 0, 0);
      return;
    }
    this.#unit = Unit.payload;
    this.#need = length;
  }

  #takePayload(bytes: Uint8Array, start: number, end: number): void {
    switch (this.#type) {
      case FrameType.headers:
        return this.#takeHeaders(bytes, start, end);
      case FrameType.continuation:
        return this.#takeContinuation(bytes, start, end);
      case FrameType.settings:
        return this.#takeSettings(bytes, start, end);
      case FrameType.windowUpdate:
        return this.#takeWindowUpdate(bytes, start);
      case FrameType.rstStream:
        return this.#takeReset(bytes, start);
      case FrameType.ping:
        return this.#takePing(bytes, start);
      case FrameType.goaway:
        if (this.#streamId !== 0) throw new SessionError(ErrorCode.protocolError, "GOAWAY on a stream");
        if (end - start < 8) throw new SessionError(ErrorCode.frameSizeError, "GOAWAY is too short");
        this.#countIdle();
        // The client opens no further streams: what is at hand is all there is.
        return this.#endFinally();
      case FrameType.priority:
        if (this.#streamId === 0) throw new SessionError(ErrorCode.protocolError, "PRIORITY on stream 0");
        return this.#countIdle();
      case FrameType.pushPromise:
        throw new SessionError(ErrorCode.protocolError, "a client sent PUSH_PROMISE");
      default:
        // Unknown types are ignored (RFC 9113 section 5.5).
        this.#countIdle();
    }
  }

  #takeHeaders(bytes: Uint8Array, start: number, end: number): void {
    const flags = this.#flags;
    if (this.#streamId % 2 === 0) throw new SessionError(ErrorCode.protocolError, "HEADERS on a stream of even number");
    let padding = 0;
    if (flags & Flag.padded) padding = bytes[start++] ?? MAX_FRAME_BYTES;
    if (flags & Flag.priority) start += 5;
    end -= padding;
    if (start > end) {
      throw new SessionError(ErrorCode.protocolError, "HEADERS is shorter than its padding and priority");
    }
    const ended = (flags & Flag.endStream) !== 0;
    if (flags & Flag.endHeaders) return this.#takeBlock(this.#streamId, ended, bytes, start, end);
    this.#block = {
      streamId: this.#streamId,
      ended,
      parts: [Buffer.from(bytes.subarray(start, end))],
      bytes: end - start,
    };
  }

  #takeContinuation(bytes: Uint8Array, start: number, end: number): void {
    const block = this.#block;
    if (block === null) throw new SessionError(ErrorCode.protocolError, "CONTINUATION without a header block");
    block.parts.push(Buffer.from(bytes.subarray(start, end)));
    block.bytes += end - start;
    // A block is never larger than its list by much: Huffman codes have at most 30 bits a byte.
    if (block.parts.length > CONTINUATIONS_ALLOWED || block.bytes > 4 * this.#limits.maxHeaderListBytes) {
      throw new SessionError(ErrorCode.enhanceYourCalm, "a header block is too long");
    }
    if (!(this.#flags & Flag.endHeaders)) return;
    this.#block = null;
    const whole = Buffer.concat(block.parts);
    this.#takeBlock(block.streamId, block.ended, whole, 0, whole.length);
  }

  #takeBlock(streamId: number, ended: boolean, bytes: Uint8Array, start: number, end: number): void {
    const lines: HpackField[] = [];
    const fits = this.#decoder.decode(bytes, start, end, lines);
    const known = this.#streams.get(streamId);
    if (known !== undefined) return this.#takeTrailers(known, ended, fits, lines);
    if (streamId <= this.#lastStreamId) {
      // Trailers of a stream that is over here but was not for the client.
      return this.#countIdle();
    }
    if (this.#ending === Ending.final) return this.#countIdle();
    this.#lastStreamId = streamId;
    if (this.#streams.size >= this.#limits.maxConcurrentStreams) {
      this.#countReset();
      return this.#writeReset(streamId, ErrorCode.refusedStream);
    }
    const stream = new H2Stream<C>(streamId, this.#peerInitialWindow, this.#limits.streamWindowBytes);
    stream.remoteEnded = ended;
    if (!fits) {
      this.#streams.set(streamId, stream);
      return this.#sink.oversized(stream);
    }
    const request = readRequest(lines);
    if (typeof request === "string" || (ended && request.contentLength > 0)) {
      this.#countReset();
      return this.#writeReset(streamId, ErrorCode.protocolError);
    }
    stream.expectedBytes = request.contentLength;
    this.#streams.set(streamId, stream);
    this.#countWork();
    if (++this.#requests >= this.#limits.maxRequests) this.shutdown();
    if (this.#ending === Ending.announced && --this.#lateRequestsLeft < 0) this.#endFinally();
    this.#sink.request(stream, request, ended);
  }

  #takeTrailers(stream: H2Stream<C>, ended: boolean, fits: boolean, lines: readonly HpackField[]): void {
    if (stream.remoteEnded) throw new SessionError(ErrorCode.streamClosed, "HEADERS behind the end of a stream");
    const trailers = readTrailers(lines);
    if (!ended || !fits || typeof trailers === "string" || stream.expectedBytes > 0) return this.#breakStream(stream);
    stream.remoteEnded = true;
    this.#sink.end(stream, trailers.length > 0 ? trailers : null);
    this.#settle(stream);
  }

  #startData(): void {
    const stream = this.#streams.get(this.#streamId);
    const length = this.#length;
    if (this.#streamId > this.#lastStreamId) throw new SessionError(ErrorCode.protocolError, "DATA on an idle stream");
    this.#receivedBytes += length;
    if (this.#receivedBytes >= CONNECTION_WINDOW_BYTES >> 1) {
      this.#writeWindowUpdate(0, this.#receivedBytes);
      this.#receivedBytes = 0;
    }
    if (length === 0 || (length <= 1 && this.#flags & Flag.padded)) this.#countIdle();
    else this.#countWork();
    if (stream !== undefined) {
      if (stream.remoteEnded) throw new SessionError(ErrorCode.streamClosed, "DATA behind the end of a stream");
      if (length > stream.receiveWindow) {
        throw new SessionError(ErrorCode.flowControlError, "DATA is larger than the window of its stream");
      }
      stream.receiveWindow -= length;
    } else this.#countIdle();
    if (this.#flags & Flag.padded) {
      if (length === 0) throw new SessionError(ErrorCode.frameSizeError, "DATA is shorter than its padding");
      this.#paddingLeft = -1;
    } else this.#paddingLeft = 0;
    this.#dataLeft = length;
    this.#unit = Unit.data;
    if (length === 0) this.#endData(stream);
  }

  #readData(chunk: Uint8Array, at: number): number {
    const stream = this.#streams.get(this.#streamId);
    if (this.#paddingLeft < 0) {
      this.#paddingLeft = chunk[at++]!;
      this.#dataLeft -= 1 + this.#paddingLeft;
      if (this.#dataLeft < 0) throw new SessionError(ErrorCode.protocolError, "DATA is shorter than its padding");
      if (stream !== undefined) this.consumed(stream, 1 + this.#paddingLeft);
    }
    const end = Math.min(chunk.length, at + this.#dataLeft);
    if (end > at) {
      this.#dataLeft -= end - at;
      if (stream !== undefined) {
        this.#takeData(stream, at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
      }
      at = end;
    }
    if (this.#dataLeft === 0) {
      const skipped = Math.min(this.#paddingLeft, chunk.length - at);
      this.#paddingLeft -= skipped;
      at += skipped;
      if (this.#paddingLeft === 0) this.#endData(this.#streams.get(this.#streamId));
    }
    return at;
  }

  #takeData(stream: H2Stream<C>, bytes: Uint8Array): void {
    if (stream.expectedBytes >= 0) {
      if (bytes.length > stream.expectedBytes) return this.#breakStream(stream);
      stream.expectedBytes -= bytes.length;
    }
    this.#sink.data(stream, bytes);
  }

  #endData(stream: H2Stream<C> | undefined): void {
    this.#expectHead();
    if (stream === undefined || !(this.#flags & Flag.endStream)) return;
    if (stream.expectedBytes > 0) return this.#breakStream(stream);
    stream.remoteEnded = true;
    this.#sink.end(stream, null);
    this.#settle(stream);
  }

  #takeSettings(bytes: Uint8Array, start: number, end: number): void {
    if (this.#streamId !== 0) throw new SessionError(ErrorCode.protocolError, "SETTINGS on a stream");
    const ack = (this.#flags & Flag.ack) !== 0;
    if (!this.#settingsSeen && ack) throw new SessionError(ErrorCode.protocolError, "the first SETTINGS is an ACK");
    if (ack ? end > start : (end - start) % 6 !== 0) {
      throw new SessionError(ErrorCode.frameSizeError, "SETTINGS has a wrong length");
    }
    this.#settingsSeen = true;
    this.#countIdle();
    if (ack) return;
    for (let at = start; at < end; at += 6) {
      // One frame can hold thousands, each of which may touch all streams.
      if (at > start) this.#countIdle();
      this.#applySetting(bytes[at]! << 8 | bytes[at + 1]!, readUint32(bytes, at + 2));
    }
    this.#reserve(FRAME_HEAD_BYTES);
    this.#outAt = writeFrameHead(this.#out, this.#outAt, 0, FrameType.settings, Flag.ack, 0);
    this.#pump();
  }

  #applySetting(id: number, value: number): void {
    if (id === Setting.initialWindowSize) {
      if (value > MAX_WINDOW_BYTES) {
        throw new SessionError(ErrorCode.flowControlError, "the initial window is too large");
      }
      const change = value - this.#peerInitialWindow;
      this.#peerInitialWindow = value;
      for (const stream of this.#streams.values()) {
        stream.sendWindow += change;
        if (stream.sendWindow > MAX_WINDOW_BYTES) {
          throw new SessionError(ErrorCode.flowControlError, "a window overflows by the initial window");
        }
      }
    } else if (id === Setting.maxFrameSize) {
      if (value < MAX_FRAME_BYTES || value > 0xffffff) {
        throw new SessionError(ErrorCode.protocolError, `the frame size ${value} is not allowed`);
      }
      this.#peerMaxFrame = Math.min(value, MAX_OUT_BYTES - FRAME_HEAD_BYTES);
    } else if (id === Setting.enablePush && value > 1) {
      throw new SessionError(ErrorCode.protocolError, "ENABLE_PUSH is neither 0 nor 1");
    }
  }

  #takeWindowUpdate(bytes: Uint8Array, start: number): void {
    if (this.#length !== 4) throw new SessionError(ErrorCode.frameSizeError, "WINDOW_UPDATE has a wrong length");
    const increment = readUint32(bytes, start) & MAX_WINDOW_BYTES;
    this.#countIdle();
    if (this.#streamId === 0) {
      if (increment === 0) throw new SessionError(ErrorCode.protocolError, "WINDOW_UPDATE by 0");
      this.#sendWindow += increment;
      if (this.#sendWindow > MAX_WINDOW_BYTES) {
        throw new SessionError(ErrorCode.flowControlError, "the window of the connection overflows");
      }
      return this.#pump();
    }
    const stream = this.#streams.get(this.#streamId);
    if (stream === undefined) {
      if (this.#streamId > this.#lastStreamId) {
        throw new SessionError(ErrorCode.protocolError, "WINDOW_UPDATE on an idle stream");
      }
      return;
    }
    stream.sendWindow += increment;
    if (increment === 0) return this.#breakStream(stream);
    if (stream.sendWindow > MAX_WINDOW_BYTES) return this.#breakStream(stream, ErrorCode.flowControlError);
    this.#pumpStream(stream);
  }

  #takeReset(bytes: Uint8Array, start: number): void {
    if (this.#length !== 4) throw new SessionError(ErrorCode.frameSizeError, "RST_STREAM has a wrong length");
    if (this.#streamId === 0 || this.#streamId > this.#lastStreamId) {
      throw new SessionError(ErrorCode.protocolError, "RST_STREAM on an idle stream");
    }
    const stream = this.#streams.get(this.#streamId);
    if (stream === undefined) return this.#countIdle();
    this.#countReset();
    this.#forget(stream);
    this.#sink.reset(stream, readUint32(bytes, start));
    this.#endIfIdle();
  }

  #takePing(bytes: Uint8Array, start: number): void {
    if (this.#streamId !== 0) throw new SessionError(ErrorCode.protocolError, "PING on a stream");
    if (this.#length !== 8) throw new SessionError(ErrorCode.frameSizeError, "PING has a wrong length");
    this.#countIdle();
    const payload = bytes.subarray(start, start + 8);
    if (!(this.#flags & Flag.ack)) this.#writePing(Flag.ack, payload);
    else if (this.#ending === Ending.announced && SHUTDOWN_PING.equals(payload)) this.#endFinally();
  }

  /** The peer broke the rules of one stream. */
  #breakStream(stream: H2Stream<C>, code: number = ErrorCode.protocolError): void {
    this.#countReset();
    this.#writeReset(stream.id, code);
    this.#forget(stream);
    this.#sink.reset(stream, code);
    this.#endIfIdle();
  }

  #countWork(): void {
    this.#idleFramesLeft = Math.min(this.#idleFramesLeft + IDLE_FRAMES_PER_WORK, IDLE_FRAMES_CEILING);
  }

  #countIdle(): void {
    if (--this.#idleFramesLeft < 0) throw new SessionError(ErrorCode.enhanceYourCalm, "too many frames without work");
  }

  #countReset(): void {
    if (++this.#resets > RESETS_ALLOWED) {
      throw new SessionError(ErrorCode.enhanceYourCalm, "too many streams are reset");
    }
  }

  // ---- ends

  /** After either side ended: forget the stream when both have. */
  #settle(stream: H2Stream<C>): void {
    if (!stream.remoteEnded || !stream.endSent || stream.closed) return;
    if (this.#resets > 0) this.#resets--;
    this.#forget(stream);
    this.#sink.finished(stream);
    this.#endIfIdle();
  }

  #forget(stream: H2Stream<C>): void {
    stream.closed = true;
    stream.pending.length = 0;
    this.#streams.delete(stream.id);
  }

  #endIfIdle(): void {
    if (this.#ending !== Ending.final || this.#streams.size > 0 || this.#over) return;
    this.#over = true;
    this.#unit = Unit.over;
    if (!this.#receiving) this.flush();
    this.#schedule(() => {
      this.flush();
      this.#sink.close(ErrorCode.noError, "");
    });
  }

  #fail(code: number, message: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#unit = Unit.over;
    this.#writeGoaway(code, message, this.#lastStreamId);
    this.flush();
    this.#resetAll(code);
    this.#sink.close(code, message);
  }

  #resetAll(code: number): void {
    const streams = [...this.#streams.values()];
    for (const stream of streams) this.#forget(stream);
    for (const stream of streams) this.#sink.reset(stream, code);
  }

  // ---- sending

  /** Makes room for `bytes` in the output. */
  #reserve(bytes: number): void {
    if (this.#outAt + bytes > this.#out.length) {
      this.flush();
      if (bytes > this.#out.length) this.#out = Buffer.allocUnsafe(bytes);
    }
    if (!this.#receiving && !this.#flushScheduled) {
      this.#flushScheduled = true;
      this.#schedule(this.#flush);
    }
  }

  #writeSettings(): void {
    const { maxConcurrentStreams, maxHeaderListBytes, streamWindowBytes } = this.#limits;
    this.#reserve(FRAME_HEAD_BYTES + 18 + WINDOW_UPDATE_BYTES);
    let at = writeFrameHead(this.#out, this.#outAt, 18, FrameType.settings, 0, 0);
    for (
      const [id, value] of [
        [Setting.maxConcurrentStreams, maxConcurrentStreams],
        [Setting.initialWindowSize, streamWindowBytes],
        [Setting.maxHeaderListSize, maxHeaderListBytes],
      ] as const
    ) {
      this.#out[at++] = 0;
      this.#out[at++] = id;
      at = writeUint32(this.#out, at, value);
    }
    this.#outAt = at;
    this.#writeWindowUpdate(0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
  }

  #writeWindowUpdate(streamId: number, increment: number): void {
    this.#reserve(WINDOW_UPDATE_BYTES);
    const at = writeFrameHead(this.#out, this.#outAt, 4, FrameType.windowUpdate, 0, streamId);
    this.#outAt = writeUint32(this.#out, at, increment);
  }

  #writeReset(streamId: number, code: number): void {
    this.#reserve(FRAME_HEAD_BYTES + 4);
    const at = writeFrameHead(this.#out, this.#outAt, 4, FrameType.rstStream, 0, streamId);
    this.#outAt = writeUint32(this.#out, at, code);
  }

  #writePing(flags: number, payload: Uint8Array): void {
    this.#reserve(FRAME_HEAD_BYTES + 8);
    const at = writeFrameHead(this.#out, this.#outAt, 8, FrameType.ping, flags, 0);
    this.#out.set(payload, at);
    this.#outAt = at + 8;
  }

  #writeGoaway(code: number, message: string, lastStreamId: number): void {
    const text = Buffer.from(message, "latin1").subarray(0, 200);
    this.#reserve(FRAME_HEAD_BYTES + 8 + text.length);
    let at = writeFrameHead(this.#out, this.#outAt, 8 + text.length, FrameType.goaway, 0, 0);
    at = writeUint32(this.#out, at, lastStreamId);
    at = writeUint32(this.#out, at, code);
    this.#out.set(text, at);
    this.#outAt = at + text.length;
  }

  /** `status` 0 writes trailers. Returns the bytes of the block. */
  #writeHeaders(stream: H2Stream<C>, status: number, fields: FieldLines, ended: boolean): number {
    let bytes = FRAME_HEAD_BYTES + 5;
    for (let i = 0; i < fields.length; i += 2) bytes += fieldBytes(fields[i]!, fields[i + 1]!);
    this.#countWork();
    this.#reserve(bytes);
    const out = this.#out;
    const start = this.#outAt + FRAME_HEAD_BYTES;
    let at = status === 0 ? start : writeStatus(out, start, status);
    for (let i = 0; i < fields.length; i += 2) at = writeField(out, at, fields[i]!, fields[i + 1]!);
    const length = at - start;
    const flags = ended ? Flag.endStream : 0;
    if (length <= this.#peerMaxFrame) {
      writeFrameHead(out, this.#outAt, length, FrameType.headers, flags | Flag.endHeaders, stream.id);
      this.#outAt = at;
    } else this.#writeFragments(stream, Buffer.from(out.subarray(start, at)), flags);
    return FRAME_HEAD_BYTES + length;
  }

  #writeFragments(stream: H2Stream<C>, block: Uint8Array, flags: number): void {
    for (let at = 0; at < block.length; at += this.#peerMaxFrame) {
      const part = block.subarray(at, at + this.#peerMaxFrame);
      const last = at + part.length === block.length ? Flag.endHeaders : 0;
      this.#reserve(FRAME_HEAD_BYTES + part.length);
      this.#outAt = at === 0
        ? writeFrameHead(this.#out, this.#outAt, part.length, FrameType.headers, flags | last, stream.id)
        : writeFrameHead(this.#out, this.#outAt, part.length, FrameType.continuation, last, stream.id);
      this.#out.set(part, this.#outAt);
      this.#outAt += part.length;
    }
  }

  /** Writes what windows and socket take of a chunk from `at` on; returns the position behind it. */
  #writeData(stream: H2Stream<C>, chunk: Uint8Array, at: number): number {
    while (at < chunk.length && !this.#blocked) {
      const length = Math.min(chunk.length - at, stream.sendWindow, this.#sendWindow, this.#peerMaxFrame);
      if (length <= 0) break;
      this.#reserve(FRAME_HEAD_BYTES + length);
      this.#outAt = writeFrameHead(this.#out, this.#outAt, length, FrameType.data, 0, stream.id);
      this.#out.set(at === 0 && length === chunk.length ? chunk : chunk.subarray(at, at + length), this.#outAt);
      this.#outAt += length;
      stream.sendWindow -= length;
      stream.sentBytes += length;
      this.#sendWindow -= length;
      at += length;
      this.#countWork();
    }
    return at;
  }

  #writeEnd(stream: H2Stream<C>): void {
    if (stream.pendingTrailers !== null) this.#writeHeaders(stream, 0, stream.pendingTrailers, true);
    else {
      this.#reserve(FRAME_HEAD_BYTES);
      this.#outAt = writeFrameHead(this.#out, this.#outAt, 0, FrameType.data, Flag.endStream, stream.id);
    }
    this.#endLocally(stream);
  }

  #endLocally(stream: H2Stream<C>): void {
    stream.localEnded = true;
    stream.endSent = true;
    if (stream.remoteEnded) return this.#settle(stream);
    // The answer is complete before the request is: ask the client to stop (RFC 9113 section 8.1).
    this.#writeReset(stream.id, ErrorCode.noError);
    this.#forget(stream);
    this.#sink.finished(stream);
    this.#endIfIdle();
  }

  /** Sends what waits, stream after stream, a frame each in turn. */
  #pump(): void {
    let progress = true;
    while (progress && !this.#blocked && this.#sendWindow > 0) {
      progress = false;
      for (const stream of this.#streams.values()) {
        if (stream.pending.length > 0 && this.#pumpFrame(stream)) progress = true;
        if (this.#blocked || this.#sendWindow <= 0) break;
      }
    }
    for (const stream of [...this.#streams.values()]) this.#resume(stream);
  }

  #pumpStream(stream: H2Stream<C>): void {
    while (stream.pending.length > 0 && this.#pumpFrame(stream));
    this.#resume(stream);
  }

  /** Sends the first waiting chunk of a stream as far as it goes; tells whether anything was sent. */
  #pumpFrame(stream: H2Stream<C>): boolean {
    const first = stream.pending[0]!;
    const at = this.#writeData(stream, first.chunk, first.at);
    const moved = at > first.at;
    first.at = at;
    if (at === first.chunk.length) stream.pending.shift();
    return moved || at === first.chunk.length;
  }

  #resume(stream: H2Stream<C>): void {
    if (stream.closed || stream.pending.length > 0) return;
    if (stream.localEnded) {
      if (stream.responded && !this.#blocked) this.#writeEnd(stream);
      return;
    }
    if (stream.waiting && !this.#blocked) {
      stream.waiting = false;
      this.#sink.drain(stream);
    }
  }
}

function grow(buffer: Buffer, used: number, wanted: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(wanted, 256));
  buffer.copy(larger, 0, 0, used);
  return larger;
}

/** Whether a field may not stand in HTTP/2 (RFC 9113 section 8.2.2). */
export function isConnectionField(lowerName: string): boolean {
  return CONNECTION_FIELDS.has(lowerName);
}
