/**
 * What comes in on streams: heads become requests, bodies are kept to their windows and to their Content-Length.
 *
 * @see RFC 9113 sections 5.2 and 8.1
 * @module
 */
import type { SessionLimits, SessionSink } from "./contract.ts";
import { ErrorCode, MAX_WINDOW_BYTES } from "./frame.ts";
import { ConnectionError } from "./frame-reader.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { HpackDecoder, type HpackField } from "./hpack-decoder.ts";
import type { FloodLimits } from "./flood-limits.ts";
import { readRequest, readTrailers } from "./request.ts";
import { Closed, type StreamTable } from "./stream-table.ts";
import { H2Stream } from "./stream.ts";

/** The table size that clients may use: the protocol's default. */
const HEADER_TABLE_BYTES = 4096;
/** The connection's own window is kept this large: streams are bounded one by one. */
export const CONNECTION_WINDOW_BYTES = MAX_WINDOW_BYTES;

/** Decides about requests, and gets events of streams. */
export interface ReceiveFlowOwner<C> {
  /** The peer's window for a new stream; -1: no further requests are looked at. */
  windowOfRequest(): number;
  /** A request is about to be told. */
  requestBegins(): void;
  /** The stream was ended by the client. */
  remoteEnded(stream: H2Stream<C>): void;
  /** The client broke the rules of a stream. */
  broken(stream: H2Stream<C>): void;
}

/** One connection's. */
export class ReceiveFlow<C> {
  readonly #limits: SessionLimits;
  readonly #sink: SessionSink<C>;
  readonly #writer: FrameWriter;
  readonly #streams: StreamTable<C>;
  readonly #floodLimits: FloodLimits;
  readonly #owner: ReceiveFlowOwner<C>;
  readonly #decoder: HpackDecoder;
  /** Bytes of DATA since the last update of the connection's window. */
  #receivedBytes = 0;

  constructor(
    limits: SessionLimits,
    sink: SessionSink<C>,
    writer: FrameWriter,
    streams: StreamTable<C>,
    floodLimits: FloodLimits,
    owner: ReceiveFlowOwner<C>,
  ) {
    this.#limits = limits;
    this.#sink = sink;
    this.#writer = writer;
    this.#streams = streams;
    this.#floodLimits = floodLimits;
    this.#owner = owner;
    this.#decoder = new HpackDecoder(HEADER_TABLE_BYTES, limits.maxHeaderListBytes);
  }

  // ---- header blocks

  headers(streamId: number, ended: boolean, bytes: Uint8Array, start: number, end: number): void {
    const lines: HpackField[] = [];
    // Whatever becomes of it: the table must stay in step.
    const fits = this.#decoder.decode(bytes, start, end, lines);
    const streams = this.#streams;
    const stream = streams.open.get(streamId);
    if (stream !== undefined) return this.#trailers(stream, ended, fits, lines);
    if (streamId <= streams.lastId) return this.#lateHeaders(streamId, ended);
    streams.lastId = streamId;
    const sendWindow = this.#owner.windowOfRequest();
    if (sendWindow < 0) {
      this.#floodLimits.idle();
      if (!ended) streams.remember(streamId, this.#limits.streamWindowBytes);
    } else if (streams.open.size >= this.#limits.maxConcurrentStreams) {
      this.#refuse(streamId, ended, ErrorCode.refusedStream);
    } else this.#request(streamId, ended, fits, lines, sendWindow);
  }

  #request(streamId: number, ended: boolean, fits: boolean, lines: HpackField[], sendWindow: number): void {
    const request = fits ? readRequest(lines) : null;
    if (typeof request === "string" || (ended && request !== null && request.contentLength > 0)) {
      return this.#refuse(streamId, ended, ErrorCode.protocolError);
    }
    const stream = new H2Stream<C>(streamId, sendWindow, this.#limits.streamWindowBytes);
    stream.remoteEnded = ended;
    this.#streams.open.set(streamId, stream);
    if (request === null) return this.#sink.oversized(stream);
    stream.expectedBytes = request.contentLength;
    this.#floodLimits.work();
    this.#owner.requestBegins();
    this.#sink.request(stream, request, ended);
  }

  #refuse(streamId: number, ended: boolean, code: number): void {
    this.#floodLimits.reset();
    this.#writer.reset(streamId, code);
    if (!ended) this.#streams.remember(streamId, this.#limits.streamWindowBytes);
  }

  #trailers(stream: H2Stream<C>, ended: boolean, fits: boolean, lines: readonly HpackField[]): void {
    if (stream.remoteEnded) throw new ConnectionError(ErrorCode.streamClosed, "HEADERS behind the end of a stream");
    const trailers = readTrailers(lines);
    if (!ended || !fits || typeof trailers === "string" || stream.expectedBytes > 0) return this.#owner.broken(stream);
    stream.remoteEnded = true;
    this.#sink.end(stream, trailers.length > 0 ? trailers : null);
    this.#owner.remoteEnded(stream);
  }

  /** Trailers that were on their way when we gave the stream up, or a number that must not be used (any more). */
  #lateHeaders(streamId: number, ended: boolean): void {
    if (this.#streams.closedBy(streamId) === Closed.byClient) {
      throw new ConnectionError(ErrorCode.streamClosed, "HEADERS on a closed stream");
    }
    this.#floodLimits.idle();
    if (ended) this.#streams.endedByClient(streamId);
  }

  // ---- data

  dataStart(streamId: number, length: number, empty: boolean): void {
    const streams = this.#streams;
    if (streamId > streams.lastId) throw new ConnectionError(ErrorCode.protocolError, "DATA on an idle stream");
    this.#receivedBytes += length;
    if (this.#receivedBytes >= CONNECTION_WINDOW_BYTES >> 1) {
      this.#writer.windowUpdate(0, this.#receivedBytes);
      this.#receivedBytes = 0;
    }
    const stream = streams.open.get(streamId);
    if (stream === undefined) return this.#lateData(streamId, length, empty);
    if (empty) this.#floodLimits.idle();
    else this.#floodLimits.work();
    if (stream.remoteEnded) throw new ConnectionError(ErrorCode.streamClosed, "DATA behind the end of a stream");
    if (length > stream.receiveWindow) throw overWindow();
    stream.receiveWindow -= length;
  }

  #lateData(streamId: number, length: number, empty: boolean): void {
    const closed = this.#streams.closedBy(streamId);
    if (closed === Closed.byClient) {
      // The other streams need not suffer.
      this.#floodLimits.reset();
      this.#writer.reset(streamId, ErrorCode.streamClosed);
    } else if (closed === Closed.unknown || empty) this.#floodLimits.idle();
    else if (!this.#streams.takeLate(streamId, length)) throw overWindow();
  }

  padding(streamId: number, bytes: number): void {
    const stream = this.#streams.open.get(streamId);
    if (stream !== undefined) this.consumed(stream, bytes);
  }

  data(streamId: number, bytes: Uint8Array): void {
    const stream = this.#streams.open.get(streamId);
    if (stream === undefined) return;
    if (stream.expectedBytes >= 0) {
      if (bytes.length > stream.expectedBytes) return this.#owner.broken(stream);
      stream.expectedBytes -= bytes.length;
    }
    this.#sink.data(stream, bytes);
  }

  dataEnd(streamId: number): void {
    const stream = this.#streams.open.get(streamId);
    if (stream === undefined) return this.#streams.endedByClient(streamId);
    if (stream.expectedBytes > 0) return this.#owner.broken(stream);
    stream.remoteEnded = true;
    this.#sink.end(stream, null);
    this.#owner.remoteEnded(stream);
  }

  /** Body bytes have been used up: half a window of them is given back at once. */
  consumed(stream: H2Stream<C>, bytes: number): void {
    stream.unacknowledged += bytes;
    if (stream.closed || stream.remoteEnded) return;
    if (stream.unacknowledged < this.#limits.streamWindowBytes >> 1) return;
    stream.receiveWindow += stream.unacknowledged;
    this.#writer.windowUpdate(stream.id, stream.unacknowledged);
    stream.unacknowledged = 0;
  }
}

function overWindow(): ConnectionError {
  return new ConnectionError(ErrorCode.flowControlError, "DATA is larger than the window of its stream");
}
