/**
 * The side of an exchange that made the request, whatever its protocol.
 *
 * @module
 */
import type { Fields } from "../../http/mod.ts";

/** Length of a response body that is known at its end only. */
export const UNKNOWN_LENGTH = -1;
/** The response has no body: HEAD, 204, 304. */
export const NO_BODY = -2;

/** Part of a chunked body's end that has been sent, when {@link Downstream.writeFramed} was used. */
export const LastChunk = {
  /** None: the downstream frames the body, or the body is not chunked. */
  unsent: 0,
  /** The last chunk, but not the trailer section. */
  sent: 1,
  /** The last chunk and the trailer section. */
  ended: 2,
} as const;

/** A response, as the wire writes and counts it. */
export interface OutgoingResponse {
  readonly method: string;
  readonly status: number;
  readonly response: Fields | null;
  /** The connection closes after the response. */
  readonly closeAfter: boolean;
  /** The head has been passed to the wire. */
  readonly headSent: boolean;
  sentBytes: number;
  sentBodyBytes: number;
}

/** Takes the body of a request. */
export interface BodySink {
  /** Takes data of the body: `bytes` from `start` to `end`. The sink may keep the buffer. */
  bodyData(bytes: Uint8Array, start: number, end: number): void;
  /** The body is complete. Trailer lines each end with CRLF; empty when there are none. */
  bodyEnd(trailers: string): void;
}

/** Takes the bytes of a client whose connection is a tunnel. */
export interface TunnelSink {
  tunnelData(bytes: Uint8Array): void;
  /** The client ended its side, or the connection failed. */
  tunnelEnd(): void;
  /** The written bytes have gone out; writing can go on. */
  tunnelDrained(): void;
}

/** Called after a response hook that returned a promise. */
export interface HookWaiter {
  hooked(): void;
}

/** Called when a response is complete. */
export interface FinishOwner {
  /** Called once, before the next request is read. */
  responseFinished(): void;
}

/** Source of the request and destination of the response of one exchange at a time. */
export interface Downstream {
  /** True when the body may be written with the chunk framing of the upstream, by {@link Downstream.writeFramed}. */
  readonly passesChunks: boolean;
  /** The request has been read to its end. */
  readonly requestComplete: boolean;
  /** Begins to read the body, and sends `100 Continue` if the client waits for it. */
  readBody(sink: BodySink): void;
  pauseBody(): void;
  resumeBody(): void;
  /** Sends an interim response (1xx), unless the client's version has none. `lines` each end with CRLF. */
  sendInterim(status: number, lines: string): void;
  /**
   * Takes the head of the final response from the exchange's status and response fields. It goes out with the next
   * bytes, at the latest by {@link Downstream.flush}. `bodyBytes`: its length, {@link UNKNOWN_LENGTH} or {@link
   * NO_BODY}.
   */
  sendHead(exchange: OutgoingResponse, bodyBytes: number): void;
  /** Writes data of the body; `false`: wait for `clientDrained`. */
  write(bytes: Uint8Array, start: number, end: number): boolean;
  /** Writes chunks with their framing, when {@link Downstream.passesChunks}. */
  writeFramed(bytes: Uint8Array, start: number, end: number): boolean;
  /** Writes a whole body, one char a byte. */
  writeText(text: string): boolean;
  /** Ends the response. `trailers` as in {@link BodySink.bodyEnd}; `lastChunk` is one of {@link LastChunk}. */
  end(trailers: string, lastChunk: number): void;
  /** Sends held bytes. */
  flush(): void;
  /** Cuts the connection, or resets the stream. */
  abort(): void;
  /** The exchange is over: its request can be forgotten, and the next one read. */
  release(): void;
  /** Turns the connection into a tunnel after a 101. */
  tunnel(sink: TunnelSink): void;
}
