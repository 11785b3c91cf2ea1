/**
 * HTTP/2, server side, without a socket: bytes in, events out; responses in, bytes out. All state that a peer can cause
 * is bounded: frames, header blocks, streams, windows, and frames without work.
 *
 * Bytes become frames (frame-reader.ts), which are checked by themselves (frame-rules.ts), then on their streams
 * (receive-flow.ts); what is sent on streams waits for windows (send-flow.ts) and becomes frames (frame-writer.ts).
 *
 * @see RFC 9113
 * @module
 */
import { Buffer } from "node:buffer";
import { Backlog } from "../backlog.ts";
import type { SessionLimits, SessionSink } from "./contract.ts";
import { DEFAULT_WINDOW_BYTES, ErrorCode, Flag, MAX_FRAME_BYTES, Setting } from "./frame.ts";
import { ConnectionError, FrameReader } from "./frame-reader.ts";
import { type FrameEvents, FrameRules } from "./frame-rules.ts";
import { type FieldLines, FrameWriter, serverSettings } from "./frame-writer.ts";
import { FloodLimits } from "./flood-limits.ts";
import { CONNECTION_WINDOW_BYTES, ReceiveFlow } from "./receive-flow.ts";
import { SendFlow } from "./send-flow.ts";
import { StreamTable } from "./stream-table.ts";
import type { H2Stream } from "./stream.ts";

/** Bound of frames other than DATA that are written while the peer does not read, bytes. */
const UNREAD_BYTES_ALLOWED = 1 << 20;
/** Last stream of the first GOAWAY, which refuses no stream yet. */
const MAX_STREAM_ID = 0x7fffffff;
/** Payload of the PING whose answer shows that the client has received the first GOAWAY. */
const SHUTDOWN_PING = Buffer.from("shutdown", "latin1");
/** Bound of a header block for each byte of its list: Huffman codes have at most 30 bits a byte. */
const BLOCK_BYTES_PER_LIST_BYTE = 4;

/** Progress of the end of a connection (RFC 9113 section 6.8). */
const Ending = {
  no: 0,
  /** The GOAWAY without a last stream has been sent: streams in flight still count. */
  announced: 1,
  /** The GOAWAY with the last stream has been sent: later ones are ignored. */
  final: 2,
} as const;

/** Dependencies of a session; the defaults are those of the runtime. */
export interface SessionMeans {
  /** Runs a function after the current events. */
  readonly schedule?: (flush: () => void) => void;
  /** Milliseconds of any clock that does not go back. */
  readonly nowMs?: () => number;
  /** Counts bytes that wait for all clients; default: for this one. */
  readonly backlog?: Backlog;
}

/** One connection. */
export class ServerSession<C> {
  readonly #limits: SessionLimits;
  readonly #sink: SessionSink<C>;
  readonly #schedule: (flush: () => void) => void;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #floodLimits: FloodLimits;
  readonly #streams: StreamTable<C>;
  readonly #received: ReceiveFlow<C>;
  readonly #sending: SendFlow<C>;
  #receiving = false;
  #requests = 0;
  #ending: number = Ending.no;
  /** Highest stream that a GOAWAY has named. */
  #lastTakenId = 0;
  /** Number of requests accepted after the announcement, in case the client does not answer the PING. */
  #lateRequestsLeft = 0;
  #over = false;

  constructor(limits: SessionLimits, sink: SessionSink<C>, means: SessionMeans = {}) {
    const { schedule = setImmediate, nowMs = Date.now, backlog = new Backlog() } = means;
    this.#limits = limits;
    this.#sink = sink;
    this.#schedule = schedule;
    const streams = this.#streams = new StreamTable<C>(backlog);
    const floodLimits = this.#floodLimits = new FloodLimits(nowMs);
    const writer = this.#writer = new FrameWriter((bytes) => sink.write(bytes), schedule);
    this.#sending = new SendFlow(writer, streams, floodLimits, {
      endSent: (stream) => this.#endSent(stream),
      drained: (stream) => sink.drain(stream),
      crowded: (stream) => schedule(() => this.#dropCrowding(stream)),
    });
    this.#received = new ReceiveFlow(limits, sink, writer, streams, floodLimits, {
      windowOfRequest: () => this.#ending === Ending.final ? -1 : this.#sending.initialWindow,
      requestBegins: () => this.#requestBegins(),
      remoteEnded: (stream) => this.#settle(stream),
      broken: (stream) => this.#breakStream(stream),
    });
    const maxBlockBytes = BLOCK_BYTES_PER_LIST_BYTE * limits.maxHeaderListBytes;
    this.#reader = new FrameReader(new FrameRules(this.#events(), maxBlockBytes));
    const { maxConcurrentStreams, streamWindowBytes, maxHeaderListBytes } = limits;
    writer.settings(serverSettings(maxConcurrentStreams, streamWindowBytes, maxHeaderListBytes));
    writer.windowUpdate(0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
  }

  /** Number of open streams. */
  get activeStreams(): number {
    return this.#streams.open.size;
  }

  /** Nothing more can be received or sent. */
  get over(): boolean {
    return this.#over;
  }

  // ---- the socket

  /** Takes received bytes; the caller must not reuse the chunk. */
  receive(chunk: Uint8Array): void {
    if (this.#over) return;
    this.#receiving = true;
    this.#writer.held = true;
    try {
      this.#reader.read(chunk);
      this.#sink.received();
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error.code, error.message);
      else if (error instanceof SyntaxError) this.#fail(ErrorCode.compressionError, error.message);
      else throw error;
    } finally {
      this.#receiving = false;
      this.#writer.held = false;
      this.#writer.flush();
    }
    // Frames for a peer that never reads must not accumulate.
    if (this.#writer.unreadBytes > UNREAD_BYTES_ALLOWED) {
      this.#fail(ErrorCode.enhanceYourCalm, "what was sent is not read");
    }
  }

  /** The socket takes bytes again. */
  drained(): void {
    if (!this.#writer.blocked) return;
    this.#writer.unblock();
    this.#sending.pump();
  }

  /** The socket has closed: open streams end, nothing is written. */
  disconnected(): void {
    if (this.#over) return;
    this.#over = true;
    this.#reader.stop();
    this.#resetAll(ErrorCode.cancel);
  }

  /** Sends what is waiting now. */
  flush(): void {
    this.#writer.flush();
  }

  // ---- answers

  /** Sends an informational response. */
  inform(stream: H2Stream<C>, status: number, fields: FieldLines): void {
    if (!stream.closed && !stream.responded) this.#sending.headers(stream, status, fields, false);
  }

  /** Sends a response head. `ended`: there is no body. Returns the bytes that it takes. */
  respond(stream: H2Stream<C>, status: number, fields: FieldLines, ended: boolean): number {
    if (stream.closed || stream.responded) return 0;
    stream.responded = true;
    const bytes = this.#sending.headers(stream, status, fields, ended);
    if (ended) this.#endSent(stream);
    return bytes;
  }

  /**
   * Sends body bytes. `false`: they wait (the whole chunk is taken in any case); {@link SessionSink.drain} follows.
   * The chunk must not change until then.
   */
  send(stream: H2Stream<C>, chunk: Uint8Array): boolean {
    return stream.closed || stream.localEnded || this.#sending.data(stream, chunk);
  }

  /** Ends the response after the bytes sent, with trailer fields if there are any. */
  end(stream: H2Stream<C>, trailers: FieldLines | null = null): void {
    if (stream.closed || stream.localEnded) return;
    stream.pendingTrailers = trailers;
    stream.localEnded = true;
    this.#sending.end(stream);
  }

  /** Resets the stream. */
  reset(stream: H2Stream<C>, errorCode: number): void {
    if (stream.closed) return;
    this.#writer.reset(stream.id, errorCode);
    this.#streams.close(stream);
    this.#endIfIdle();
  }

  /** Body bytes passed to {@link SessionSink.data} have been used: the peer may send as many again. */
  consumed(stream: H2Stream<C>, bytes: number): void {
    this.#received.consumed(stream, bytes);
  }

  // ---- frames

  #events(): FrameEvents {
    const received = this.#received;
    return {
      headers: (streamId, ended, bytes, start, end) => received.headers(streamId, ended, bytes, start, end),
      dataStart: (streamId, length, empty) => received.dataStart(streamId, length, empty),
      padding: (streamId, bytes) => received.padding(streamId, bytes),
      data: (streamId, bytes) => received.data(streamId, bytes),
      dataEnd: (streamId) => received.dataEnd(streamId),
      setting: (id, value) => this.#setting(id, value),
      settingsEnd: () => {
        this.#writer.settingsAck();
        this.#sending.pump();
      },
      windowUpdate: (streamId, increment) => this.#windowUpdate(streamId, increment),
      reset: (streamId, errorCode) => this.#reset(streamId, errorCode),
      ping: (payload, ack) => {
        if (!ack) this.#writer.ping(Flag.ack, payload);
        else if (this.#ending === Ending.announced && SHUTDOWN_PING.equals(payload)) this.#endFinally();
      },
      // The client opens no further streams.
      goaway: () => this.#endFinally(),
      idle: () => this.#floodLimits.idle(),
    };
  }

  #setting(id: number, value: number): void {
    if (id === Setting.initialWindowSize) this.#sending.setInitialWindow(value);
    else if (id === Setting.maxFrameSize) {
      if (value < MAX_FRAME_BYTES || value > 0xffffff) {
        throw new ConnectionError(ErrorCode.protocolError, `the frame size ${value} is not allowed`);
      }
      this.#writer.applyMaxFrame(value);
    } else if (id === Setting.enablePush && value > 1) {
      throw new ConnectionError(ErrorCode.protocolError, "ENABLE_PUSH is neither 0 nor 1");
    }
  }

  #windowUpdate(streamId: number, increment: number): void {
    if (streamId === 0) return this.#sending.widen(increment);
    const stream = this.#streams.open.get(streamId);
    if (stream === undefined) return this.#expectUsed(streamId, "WINDOW_UPDATE");
    if (increment === 0) return this.#breakStream(stream);
    stream.sendWindow += increment;
    if (stream.sendWindow > CONNECTION_WINDOW_BYTES) return this.#breakStream(stream, ErrorCode.flowControlError);
    this.#sending.pumpStream(stream);
  }

  #reset(streamId: number, errorCode: number): void {
    const stream = this.#streams.open.get(streamId);
    if (stream === undefined) {
      this.#expectUsed(streamId, "RST_STREAM");
      this.#streams.endedByClient(streamId);
      return this.#floodLimits.idle();
    }
    this.#floodLimits.reset();
    stream.remoteEnded = true;
    this.#streams.close(stream);
    this.#sink.reset(stream, errorCode);
    this.#endIfIdle();
  }

  #expectUsed(streamId: number, name: string): void {
    if (streamId <= this.#streams.lastId) return;
    throw new ConnectionError(ErrorCode.protocolError, `${name} on an idle stream`);
  }

  #requestBegins(): void {
    if (++this.#requests >= this.#limits.maxRequests) this.shutdown();
    if (this.#ending === Ending.announced && --this.#lateRequestsLeft < 0) this.#endFinally();
  }

  /** The peer violated the protocol on one stream. */
  #breakStream(stream: H2Stream<C>, code: number = ErrorCode.protocolError): void {
    this.#floodLimits.reset();
    this.#writer.reset(stream.id, code);
    this.#streams.close(stream);
    this.#sink.reset(stream, code);
    this.#endIfIdle();
  }

  /** The backlog is full: a stream whose bytes are not taken is given up. */
  #dropCrowding(stream: H2Stream<C>): void {
    if (stream.closed || stream.pending.length === 0) return;
    this.#writer.reset(stream.id, ErrorCode.enhanceYourCalm);
    this.#streams.close(stream);
    this.#sink.reset(stream, ErrorCode.enhanceYourCalm);
    this.#endIfIdle();
  }

  // ---- ends of streams

  /** Forgets the stream when both sides have ended. */
  #settle(stream: H2Stream<C>): void {
    if (!stream.remoteEnded || !stream.endSent || stream.closed) return;
    this.#floodLimits.finished();
    this.#finish(stream);
  }

  #endSent(stream: H2Stream<C>): void {
    stream.localEnded = true;
    stream.endSent = true;
    if (stream.remoteEnded) return this.#settle(stream);
    // The response is complete before the request: asks the client to stop (RFC 9113 section 8.1).
    this.#writer.reset(stream.id, ErrorCode.noError);
    this.#finish(stream);
  }

  #finish(stream: H2Stream<C>): void {
    this.#streams.close(stream);
    this.#sink.finished(stream);
    this.#endIfIdle();
  }

  #resetAll(code: number): void {
    const streams = [...this.#streams.open.values()];
    for (const stream of streams) this.#streams.close(stream);
    for (const stream of streams) this.#sink.reset(stream, code);
  }

  // ---- the end of the connection

  /**
   * Announces the end first, so that requests in flight are still served; then accepts no more, and ends the connection
   * after the last stream.
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
    this.#lastTakenId = this.#streams.lastId;
    this.#writer.goaway(ErrorCode.noError, "", this.#lastTakenId);
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#ending !== Ending.final || this.#streams.open.size > 0 || this.#over) return;
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
    // A later GOAWAY must not name a higher stream than an earlier one (RFC 9113 section 6.8).
    this.#writer.goaway(code, message, this.#ending === Ending.final ? this.#lastTakenId : this.#streams.lastId);
    this.flush();
    this.#resetAll(code);
    this.#sink.close(code, message);
  }
}
