/**
 * What a session is given, and what it tells its owner.
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
  /** Body bytes of one stream that are received before anybody used them up. */
  readonly streamWindowBytes: number;
  /** Requests on one connection, then GOAWAY (keepalive_requests). */
  readonly maxRequests: number;
}

/** Takes what a session makes. None of these may throw. */
export interface SessionSink<C> {
  /** Bytes to send; `false`: the socket is full, `drained` of the session follows. The buffer is not used again. */
  write(bytes: Uint8Array): boolean;
  /** A request head. `ended`: there is no body. */
  request(stream: H2Stream<C>, request: H2Request, ended: boolean): void;
  /** The header list of a request is over the limit; the stream waits for an answer (400 or 431). */
  oversized(stream: H2Stream<C>): void;
  /** Body bytes; give them back with `consumed` of the session. The chunk is the receiver's to keep. */
  data(stream: H2Stream<C>, chunk: Uint8Array): void;
  /** All that `receive` of the session was given has been told; what is sent now goes out with the rest. */
  received(): void;
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
