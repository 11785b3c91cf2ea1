/**
 * What an exchange needs of the side that asked for it, whatever the wire is, if there is one.
 *
 * @module
 */
import type { Fields } from "../../http/mod.ts";

/** Length of a response body that shows at its end. */
export const UNKNOWN_LENGTH = -1;
/** The response has no body: HEAD, 204, 304. */
export const NO_BODY = -2;

/** What has been sent of a chunked body's end, when {@link Downstream.writeFramed} was used. */
export const LastChunk = {
  /** Nothing: the downstream frames the body, or the body is not chunked. */
  unsent: 0,
  /** The last chunk, but not the trailer section. */
  sent: 1,
  /** Everything. */
  ended: 2,
} as const;

/** The response as the wire writes it, and counts what it wrote. */
export interface OutgoingResponse {
  readonly method: string;
  readonly status: number;
  readonly response: Fields | null;
  /** The connection is not used again after it. */
  readonly closeAfter: boolean;
  /** Its head has been handed to the wire. */
  readonly headSent: boolean;
  sentBytes: number;
  sentBodyBytes: number;
}

/** Takes the body of a request. */
export interface BodySink {
  /** Data of the body stands in `bytes` from `start` to `end`; the sink may keep the buffer. */
  bodyData(bytes: Uint8Array, start: number, end: number): void;
  /** The body is complete. Trailer lines each end with CRLF; empty when there are none. */
  bodyEnd(trailers: string): void;
}

/** Takes what a client sends after its connection has become a tunnel. */
export interface TunnelSink {
  tunnelData(bytes: Uint8Array): void;
  /** The client ended or lost its side. */
  tunnelEnd(): void;
  /** What was written has gone out: go on. */
  tunnelDrained(): void;
}

/** Goes on after a response hook that returned a promise. */
export interface HookWaiter {
  hooked(): void;
}

/** Hears that a response is out. */
export interface FinishOwner {
  /** Called once, before the next request is read. */
  responseFinished(): void;
}

/** Where the request of one exchange (at a time) comes from and its response goes to. */
export interface Downstream {
  /** Bytes of the body may be written with the upstream's own chunk framing by {@link Downstream.writeFramed}. */
  readonly passesChunks: boolean;
  /** The request has been read to its end. */
  readonly requestComplete: boolean;
  /** Begins to read the body: `100 Continue` goes out if the client waits for it. */
  readBody(sink: BodySink): void;
  pauseBody(): void;
  resumeBody(): void;
  /** Sends an interim response (1xx); dropped where the client does not know them. `lines` each end with CRLF. */
  sendInterim(status: number, lines: string): void;
  /**
   * Takes the head of the final response from the exchange's status and response fields; it goes out with what is written
   * next, at the latest by {@link Downstream.flush}. `bodyBytes`: its length, {@link UNKNOWN_LENGTH} or {@link NO_BODY}.
   */
  sendHead(exchange: OutgoingResponse, bodyBytes: number): void;
  /** Writes data of the body; `false`: wait for `clientDrained`. */
  write(bytes: Uint8Array, start: number, end: number): boolean;
  /** The same for chunks with their framing, when {@link Downstream.passesChunks}. */
  writeFramed(bytes: Uint8Array, start: number, end: number): boolean;
  /** Writes a whole body, one char a byte. */
  writeText(text: string): boolean;
  /** Ends the response. `trailers` as in {@link BodySink.bodyEnd}; `lastChunk` is one of {@link LastChunk}. */
  end(trailers: string, lastChunk: number): void;
  /** Sends what is held back. */
  flush(): void;
  /** Cuts the connection, or resets the stream. */
  abort(): void;
  /** The exchange is over: its request may be forgotten and the next one read. */
  release(): void;
  /** Turns the connection into a tunnel after a 101. */
  tunnel(sink: TunnelSink): void;
}
