/**
 * HTTP/2, server side, without a socket: bytes in, events out; answers in, bytes out. Everything a peer can make it keep
 * is bounded: frames, header blocks, streams, windows, and frames that ask for work without carrying any.
 *
 * @see RFC 9113
 * @module
 */
import { Buffer } from "node:buffer";
import {
  DEFAULT_WINDOW_BYTES,
  ErrorCode,
  Flag,
  FrameType,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  readUint32,
  Setting,
} from "./frame.ts";
import { ConnectionError, type FrameHead, FrameReader, type FrameSink } from "./frame-reader.ts";
import { type FieldLines, FrameWriter, serverSettings } from "./frame-writer.ts";
import { HpackDecoder, type HpackField } from "./hpack-decoder.ts";
import { Patience } from "./patience.ts";
import { type H2Request, readRequest, readTrailers } from "./request.ts";
import { H2Stream } from "./stream.ts";

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

/** Fragments of one header block. */
const CONTINUATIONS_ALLOWED = 32;
/** Frames other than DATA that are written although the peer does not read. */
const UNREAD_BYTES_ALLOWED = 1 << 20;
/** The connection's own window is kept this large: streams are bounded one by one. */
const CONNECTION_WINDOW_BYTES = MAX_WINDOW_BYTES;
/** In the first GOAWAY: no stream is too late yet. */
const MAX_STREAM_ID = 0x7fffffff;
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

/** One connection. */
export class ServerSession<C> {
  readonly #limits: SessionLimits;
  readonly #sink: SessionSink<C>;
  readonly #schedule: (flush: () => void) => void;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #decoder: HpackDecoder;
  readonly #patience = new Patience();
  readonly #streams = new Map<number, H2Stream<C>>();
  #receiving = false;
  #settingsSeen = false;
  #lastStreamId = 0;
  #requests = 0;
  /** Of DATA, since the connection's window was opened anew. */
  #receivedBytes = 0;
  /** A header block that goes on in CONTINUATION frames. */
  #block: { streamId: number; ended: boolean; parts: Uint8Array[]; bytes: number } | null = null;
  #sendWindow = DEFAULT_WINDOW_BYTES;
  #peerInitialWindow = DEFAULT_WINDOW_BYTES;
  #ending: number = Ending.no;
  /** Requests that are taken after the announcement, in case that the client does not answer the PING. */
  #lateRequestsLeft = 0;
  #over = false;

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
    this.#reader = new FrameReader(this.#frames());
    this.#writer = new FrameWriter((bytes) => sink.write(bytes), schedule);
    const { maxConcurrentStreams, streamWindowBytes, maxHeaderListBytes } = limits;
    this.#writer.settings(serverSettings(maxConcurrentStreams, streamWindowBytes, maxHeaderListBytes));
    this.#writer.windowUpdate(0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
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
    this.#writer.held = true;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error.code, error.message);
      else if (error instanceof SyntaxError) this.#fail(ErrorCode.compressionError, error.message);
      else throw error;
    } finally {
      this.#receiving = false;
      this.#writer.held = false;
      this.#writer.flush();
    }
    // Answers to frames of a peer that sends and never reads must not pile up.
    if (this.#writer.unreadBytes > UNREAD_BYTES_ALLOWED) {
      this.#fail(ErrorCode.enhanceYourCalm, "what was sent is not read");
    }
  }

  /** The socket takes bytes again. */
  drained(): void {
    if (!this.#writer.blocked) return;
    this.#writer.unblock();
    this.#pump();
  }

  /** Sends what is waiting now. */
  flush(): void {
    this.#writer.flush();
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
      if (!this.#writer.blocked) return true;
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
    this.#writer.reset(stream.id, errorCode);
    this.#forget(stream);
    this.#endIfIdle();
  }

  /** Body bytes given to {@link SessionSink.data} have been used up: the peer may send as many again. */
  consumed(stream: H2Stream<C>, bytes: number): void {
    stream.unacknowledged += bytes;
    if (stream.closed || stream.remoteEnded) return;
    if (stream.unacknowledged < this.#limits.streamWindowBytes >> 1) return;
    stream.receiveWindow += stream.unacknowledged;
    this.#writer.windowUpdate(stream.id, stream.unacknowledged);
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
    this.#writer.goaway(ErrorCode.noError, "", MAX_STREAM_ID);
    this.#writer.ping(0, SHUTDOWN_PING);
  }

  #endFinally(): void {
    if (this.#ending === Ending.final) return;
    this.#ending = Ending.final;
    this.#writer.goaway(ErrorCode.noError, "", this.#lastStreamId);
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
    this.#reader.stop();
    this.#resetAll(ErrorCode.cancel);
  }

  // ---- receiving

  #frames(): FrameSink {
    return {
      head: (frame) => this.#takeHead(frame),
      payload: (frame, bytes, start, end) => this.#takePayload(frame, bytes, start, end),
      padding: ({ streamId }, bytes) => {
        const stream = this.#streams.get(streamId);
        if (stream !== undefined) this.consumed(stream, bytes);
      },
      data: ({ streamId }, bytes) => {
        const stream = this.#streams.get(streamId);
        if (stream !== undefined) this.#takeData(stream, bytes);
      },
      dataEnd: ({ streamId, flags }) => {
        const stream = this.#streams.get(streamId);
        if (stream !== undefined && flags & Flag.endStream) this.#endData(stream);
      },
    };
  }

  #takeHead(frame: FrameHead): void {
    const { type, streamId } = frame;
    if (!this.#settingsSeen && type !== FrameType.settings) {
      throw new ConnectionError(ErrorCode.protocolError, "the first frame is not SETTINGS");
    }
    if (this.#block !== null && (type !== FrameType.continuation || streamId !== this.#block.streamId)) {
      throw new ConnectionError(ErrorCode.protocolError, "a header block is interrupted");
    }
    if (type === FrameType.data) this.#startData(frame);
  }

  #takePayload(frame: FrameHead, bytes: Uint8Array, start: number, end: number): void {
    switch (frame.type) {
      case FrameType.headers:
        return this.#takeHeaders(frame, bytes, start, end);
      case FrameType.continuation:
        return this.#takeContinuation(frame, bytes, start, end);
      case FrameType.settings:
        return this.#takeSettings(frame, bytes, start, end);
      case FrameType.windowUpdate:
        return this.#takeWindowUpdate(frame, bytes, start);
      case FrameType.rstStream:
        return this.#takeReset(frame, bytes, start);
      case FrameType.ping:
        return this.#takePing(frame, bytes, start);
      case FrameType.goaway:
        if (frame.streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, "GOAWAY on a stream");
        if (end - start < 8) throw new ConnectionError(ErrorCode.frameSizeError, "GOAWAY is too short");
        this.#patience.idle();
        // The client opens no further streams: what is at hand is all there is.
        return this.#endFinally();
      case FrameType.priority:
        if (frame.streamId === 0) throw new ConnectionError(ErrorCode.protocolError, "PRIORITY on stream 0");
        return this.#patience.idle();
      case FrameType.pushPromise:
        throw new ConnectionError(ErrorCode.protocolError, "a client sent PUSH_PROMISE");
      default:
        // Unknown types are ignored (RFC 9113 section 5.5).
        this.#patience.idle();
    }
  }

  #takeHeaders(frame: FrameHead, bytes: Uint8Array, start: number, end: number): void {
    const { flags, streamId } = frame;
    if (streamId % 2 === 0) throw new ConnectionError(ErrorCode.protocolError, "HEADERS on a stream of even number");
    let padding = 0;
    if (flags & Flag.padded) padding = bytes[start++] ?? MAX_FRAME_BYTES;
    if (flags & Flag.priority) start += 5;
    end -= padding;
    if (start > end) {
      throw new ConnectionError(ErrorCode.protocolError, "HEADERS is shorter than its padding and priority");
    }
    const ended = (flags & Flag.endStream) !== 0;
    if (flags & Flag.endHeaders) return this.#takeBlock(streamId, ended, bytes, start, end);
    this.#block = {
      streamId,
      ended,
      parts: [Buffer.from(bytes.subarray(start, end))],
      bytes: end - start,
    };
  }

  #takeContinuation(frame: FrameHead, bytes: Uint8Array, start: number, end: number): void {
    const block = this.#block;
    if (block === null) throw new ConnectionError(ErrorCode.protocolError, "CONTINUATION without a header block");
    block.parts.push(Buffer.from(bytes.subarray(start, end)));
    block.bytes += end - start;
    // A block is never larger than its list by much: Huffman codes have at most 30 bits a byte.
    if (block.parts.length > CONTINUATIONS_ALLOWED || block.bytes > 4 * this.#limits.maxHeaderListBytes) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "a header block is too long");
    }
    if (!(frame.flags & Flag.endHeaders)) return;
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
      return this.#patience.idle();
    }
    if (this.#ending === Ending.final) return this.#patience.idle();
    this.#lastStreamId = streamId;
    if (this.#streams.size >= this.#limits.maxConcurrentStreams) {
      this.#patience.reset();
      return this.#writer.reset(streamId, ErrorCode.refusedStream);
    }
    const stream = new H2Stream<C>(streamId, this.#peerInitialWindow, this.#limits.streamWindowBytes);
    stream.remoteEnded = ended;
    if (!fits) {
      this.#streams.set(streamId, stream);
      return this.#sink.oversized(stream);
    }
    const request = readRequest(lines);
    if (typeof request === "string" || (ended && request.contentLength > 0)) {
      this.#patience.reset();
      return this.#writer.reset(streamId, ErrorCode.protocolError);
    }
    stream.expectedBytes = request.contentLength;
    this.#streams.set(streamId, stream);
    this.#patience.work();
    if (++this.#requests >= this.#limits.maxRequests) this.shutdown();
    if (this.#ending === Ending.announced && --this.#lateRequestsLeft < 0) this.#endFinally();
    this.#sink.request(stream, request, ended);
  }

  #takeTrailers(stream: H2Stream<C>, ended: boolean, fits: boolean, lines: readonly HpackField[]): void {
    if (stream.remoteEnded) throw new ConnectionError(ErrorCode.streamClosed, "HEADERS behind the end of a stream");
    const trailers = readTrailers(lines);
    if (!ended || !fits || typeof trailers === "string" || stream.expectedBytes > 0) return this.#breakStream(stream);
    stream.remoteEnded = true;
    this.#sink.end(stream, trailers.length > 0 ? trailers : null);
    this.#settle(stream);
  }

  #startData({ streamId, length, flags }: FrameHead): void {
    if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, "DATA on stream 0");
    if (streamId > this.#lastStreamId) throw new ConnectionError(ErrorCode.protocolError, "DATA on an idle stream");
    this.#receivedBytes += length;
    if (this.#receivedBytes >= CONNECTION_WINDOW_BYTES >> 1) {
      this.#writer.windowUpdate(0, this.#receivedBytes);
      this.#receivedBytes = 0;
    }
    if (length === 0 || (length <= 1 && flags & Flag.padded)) this.#patience.idle();
    else this.#patience.work();
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#patience.idle();
    if (stream.remoteEnded) throw new ConnectionError(ErrorCode.streamClosed, "DATA behind the end of a stream");
    if (length > stream.receiveWindow) {
      throw new ConnectionError(ErrorCode.flowControlError, "DATA is larger than the window of its stream");
    }
    stream.receiveWindow -= length;
  }

  #takeData(stream: H2Stream<C>, bytes: Uint8Array): void {
    if (stream.expectedBytes >= 0) {
      if (bytes.length > stream.expectedBytes) return this.#breakStream(stream);
      stream.expectedBytes -= bytes.length;
    }
    this.#sink.data(stream, bytes);
  }

  #endData(stream: H2Stream<C>): void {
    if (stream.expectedBytes > 0) return this.#breakStream(stream);
    stream.remoteEnded = true;
    this.#sink.end(stream, null);
    this.#settle(stream);
  }

  #takeSettings(frame: FrameHead, bytes: Uint8Array, start: number, end: number): void {
    if (frame.streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, "SETTINGS on a stream");
    const ack = (frame.flags & Flag.ack) !== 0;
    if (!this.#settingsSeen && ack) throw new ConnectionError(ErrorCode.protocolError, "the first SETTINGS is an ACK");
    if (ack ? end > start : (end - start) % 6 !== 0) {
      throw new ConnectionError(ErrorCode.frameSizeError, "SETTINGS has a wrong length");
    }
    this.#settingsSeen = true;
    this.#patience.idle();
    if (ack) return;
    for (let at = start; at < end; at += 6) {
      // One frame can hold thousands, each of which may touch all streams.
      if (at > start) this.#patience.idle();
      this.#applySetting(bytes[at]! << 8 | bytes[at + 1]!, readUint32(bytes, at + 2));
    }
    this.#writer.settingsAck();
    this.#pump();
  }

  #applySetting(id: number, value: number): void {
    if (id === Setting.initialWindowSize) {
      if (value > MAX_WINDOW_BYTES) {
        throw new ConnectionError(ErrorCode.flowControlError, "the initial window is too large");
      }
      const change = value - this.#peerInitialWindow;
      this.#peerInitialWindow = value;
      for (const stream of this.#streams.values()) {
        stream.sendWindow += change;
        if (stream.sendWindow > MAX_WINDOW_BYTES) {
          throw new ConnectionError(ErrorCode.flowControlError, "a window overflows by the initial window");
        }
      }
    } else if (id === Setting.maxFrameSize) {
      if (value < MAX_FRAME_BYTES || value > 0xffffff) {
        throw new ConnectionError(ErrorCode.protocolError, `the frame size ${value} is not allowed`);
      }
      this.#writer.applyMaxFrame(value);
    } else if (id === Setting.enablePush && value > 1) {
      throw new ConnectionError(ErrorCode.protocolError, "ENABLE_PUSH is neither 0 nor 1");
    }
  }

  #takeWindowUpdate({ streamId, length }: FrameHead, bytes: Uint8Array, start: number): void {
    if (length !== 4) throw new ConnectionError(ErrorCode.frameSizeError, "WINDOW_UPDATE has a wrong length");
    const increment = readUint32(bytes, start) & MAX_WINDOW_BYTES;
    this.#patience.idle();
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(ErrorCode.protocolError, "WINDOW_UPDATE by 0");
      this.#sendWindow += increment;
      if (this.#sendWindow > MAX_WINDOW_BYTES) {
        throw new ConnectionError(ErrorCode.flowControlError, "the window of the connection overflows");
      }
      return this.#pump();
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (streamId > this.#lastStreamId) {
        throw new ConnectionError(ErrorCode.protocolError, "WINDOW_UPDATE on an idle stream");
      }
      return;
    }
    stream.sendWindow += increment;
    if (increment === 0) return this.#breakStream(stream);
    if (stream.sendWindow > MAX_WINDOW_BYTES) return this.#breakStream(stream, ErrorCode.flowControlError);
    this.#pumpStream(stream);
  }

  #takeReset({ streamId, length }: FrameHead, bytes: Uint8Array, start: number): void {
    if (length !== 4) throw new ConnectionError(ErrorCode.frameSizeError, "RST_STREAM has a wrong length");
    if (streamId === 0 || streamId > this.#lastStreamId) {
      throw new ConnectionError(ErrorCode.protocolError, "RST_STREAM on an idle stream");
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#patience.idle();
    this.#patience.reset();
    this.#forget(stream);
    this.#sink.reset(stream, readUint32(bytes, start));
    this.#endIfIdle();
  }

  #takePing({ streamId, length, flags }: FrameHead, bytes: Uint8Array, start: number): void {
    if (streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, "PING on a stream");
    if (length !== 8) throw new ConnectionError(ErrorCode.frameSizeError, "PING has a wrong length");
    this.#patience.idle();
    const payload = bytes.subarray(start, start + 8);
    if (!(flags & Flag.ack)) this.#writer.ping(Flag.ack, payload);
    else if (this.#ending === Ending.announced && SHUTDOWN_PING.equals(payload)) this.#endFinally();
  }

  /** The peer broke the rules of one stream. */
  #breakStream(stream: H2Stream<C>, code: number = ErrorCode.protocolError): void {
    this.#patience.reset();
    this.#writer.reset(stream.id, code);
    this.#forget(stream);
    this.#sink.reset(stream, code);
    this.#endIfIdle();
  }

  // ---- ends

  /** After either side ended: forget the stream when both have. */
  #settle(stream: H2Stream<C>): void {
    if (!stream.remoteEnded || !stream.endSent || stream.closed) return;
    this.#patience.finished();
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
    this.#reader.stop();
    if (!this.#receiving) this.flush();
    this.#schedule(() => {
      this.flush();
      this.#sink.close(ErrorCode.noError, "");
    });
  }

  #fail(code: number, message: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#reader.stop();
    this.#writer.goaway(code, message, this.#lastStreamId);
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

  /** `status` 0 writes trailers. Returns the bytes that it takes. */
  #writeHeaders(stream: H2Stream<C>, status: number, fields: FieldLines, ended: boolean): number {
    this.#patience.work();
    return this.#writer.headers(stream.id, status, fields, ended);
  }

  /** Writes what windows and socket take of a chunk from `at` on; returns the position behind it. */
  #writeData(stream: H2Stream<C>, chunk: Uint8Array, at: number): number {
    while (at < chunk.length && !this.#writer.blocked) {
      const length = Math.min(chunk.length - at, stream.sendWindow, this.#sendWindow, this.#writer.maxFrameBytes);
      if (length <= 0) break;
      this.#writer.data(stream.id, at === 0 && length === chunk.length ? chunk : chunk.subarray(at, at + length));
      stream.sendWindow -= length;
      stream.sentBytes += length;
      this.#sendWindow -= length;
      at += length;
      this.#patience.work();
    }
    return at;
  }

  #writeEnd(stream: H2Stream<C>): void {
    if (stream.pendingTrailers !== null) this.#writeHeaders(stream, 0, stream.pendingTrailers, true);
    else this.#writer.end(stream.id);
    this.#endLocally(stream);
  }

  #endLocally(stream: H2Stream<C>): void {
    stream.localEnded = true;
    stream.endSent = true;
    if (stream.remoteEnded) return this.#settle(stream);
    // The answer is complete before the request is: ask the client to stop (RFC 9113 section 8.1).
    this.#writer.reset(stream.id, ErrorCode.noError);
    this.#forget(stream);
    this.#sink.finished(stream);
    this.#endIfIdle();
  }

  /** Sends what waits, stream after stream, a frame each in turn. */
  #pump(): void {
    let progress = true;
    while (progress && !this.#writer.blocked && this.#sendWindow > 0) {
      progress = false;
      for (const stream of this.#streams.values()) {
        if (stream.pending.length > 0 && this.#pumpFrame(stream)) progress = true;
        if (this.#writer.blocked || this.#sendWindow <= 0) break;
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
      if (stream.responded && !this.#writer.blocked) this.#writeEnd(stream);
      return;
    }
    if (stream.waiting && !this.#writer.blocked) {
      stream.waiting = false;
      this.#sink.drain(stream);
    }
  }
}
