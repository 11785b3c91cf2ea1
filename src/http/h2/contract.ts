/**
 * Limits of a session, and its events.
 *
 * @module
 */
import type { HpackField } from "./hpack-decoder.ts";
import type { H2Request } from "./request.ts";
import type { H2Stream } from "./stream.ts";

/** Bounds of one connection. */
export interface SessionLimits {
  /** http2_max_concurrent_streams; default of nginx: 128. */
  readonly maxConcurrentStreams: number;
  /** Header list size (names, values, 32 bytes a line). */
  readonly maxHeaderListBytes: number;
  /** Body bytes of a stream that are received before the owner has used any. */
  readonly streamWindowBytes: number;
  /** Requests on one connection, then GOAWAY (keepalive_requests). */
  readonly maxRequests: number;
}

/** Gets the events of a session. These functions must not throw. */
export interface SessionSink<C> {
  /** Bytes to send; `false`: the socket is full, `drained` of the session follows. The buffer is not used again. */
  write(bytes: Uint8Array): boolean;
  /** A request head. `ended`: there is no body. */
  request(stream: H2Stream<C>, request: H2Request, ended: boolean): void;
  /** The header list of a request is over the limit; the stream waits for an answer (400 or 431). */
  oversized(stream: H2Stream<C>): void;
  /** Body bytes; give them back with `consumed` of the session. The chunk is the receiver's to keep. */
  data(stream: H2Stream<C>, chunk: Uint8Array): void;
  /** All events of a `receive` call have been reported; what is sent now goes out with the rest. */
  received(): void;
  /** The end of the request, with its trailer fields if there were any. */
  end(stream: H2Stream<C>, trailers: readonly HpackField[] | null): void;
  /** The peer reset the stream or violated the protocol; nothing more can be sent. */
  reset(stream: H2Stream<C>, errorCode: number): void;
  /** The stream takes bytes again, after `send` returned false. */
  drain(stream: H2Stream<C>): void;
  /** The stream is over in both directions. */
  finished(stream: H2Stream<C>): void;
  /** The connection must be closed after its written bytes have gone out. `message` is empty after an orderly end. */
  close(errorCode: number, message: string): void;
}
