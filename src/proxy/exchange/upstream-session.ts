/**
 * The upstream side of an exchange. A session is a connection that carries one exchange at a time (HTTP/1), or many. A
 * lease is the place of one exchange on a session.
 *
 * @module
 */
import type { RequestHead, ResponseHead } from "../../http/mod.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { ForwardPlan, UpstreamTls } from "../contract.ts";

/** A request to send: its fields without those that the plan's settings drop, then the plan's own. */
export interface UpstreamRequest {
  readonly method: string;
  readonly request: RequestHead;
}

/** Gets the events of a lease, until the lease is given back. */
export interface LeaseOwner {
  /** The session is connected, and the request can be sent. Not called for sessions that were connected before. */
  upstreamConnected(): void;
  /** The written bytes have gone out; writing can go on. */
  upstreamDrained(): void;
  /** The head of an interim response (1xx), valid during the call. */
  upstreamInterim(head: ResponseHead): void;
  /**
   * The head of the final response: see {@link UpstreamLease.head}. `false`: later bytes, and the end, wait for {@link
   * UpstreamLease.resume}.
   */
  upstreamHead(): boolean;
  /** Data of the body: `bytes` from `start` to `end`. The owner may keep the buffer. */
  upstreamData(bytes: Uint8Array, start: number, end: number): void;
  /** There is no more data for now. */
  upstreamFlush(): void;
  /**
   * The response is complete. Trailer lines each end with CRLF; `lastChunk` is one of {@link LastChunk}: the part of
   * the end that was among the data.
   */
  upstreamComplete(trailers: string, lastChunk: number): void;
  /** The upstream ended before the response did, orderly or not (`error`). */
  upstreamEnded(error: Error | null): void;
  /** The bytes are no response. */
  upstreamMalformed(message: string): void;
  /** The deadline has passed. */
  upstreamTimedOut(): void;
  /** A function above threw: an internal error, which must cost this exchange only. */
  crashed(error: unknown): void;
}

/** The place of one exchange on a session. */
export interface UpstreamLease {
  owner: LeaseOwner | null;
  /** Response head; valid from {@link LeaseOwner.upstreamHead} on. */
  readonly head: ResponseHead;
  /** Body length; 0: no body; or CHUNKED, UNTIL_CLOSE. */
  readonly bodyBytes: number;
  /** Bytes of body data so far, without framing. */
  readonly dataBytes: number;
  /** Bytes have been received since the lease began. */
  readonly received: boolean;
  /** All written bytes have gone out. */
  readonly emptied: boolean;
  /**
   * Sends the head and, unless `body` is `null`, all of the body, one char a byte. `false`: the session is full; wait for
   * {@link LeaseOwner.upstreamDrained}.
   *
   * @param bodyBytes length of the body, CHUNKED (not known) or {@link NO_BODY}
   */
  send(request: UpstreamRequest, plan: ForwardPlan, bodyBytes: number, body: string | null): boolean;
  /** Sends data of the body; `false` as for {@link UpstreamLease.send}. */
  write(bytes: Uint8Array, start: number, end: number): boolean;
  /** Ends the body; `false` as for {@link UpstreamLease.send}. Trailer lines each end with CRLF. */
  end(trailers: string): boolean;
  /** Asks for the body with its chunk framing (HTTP/1.1); `false`: the session cannot do that. */
  keepFraming(): boolean;
  /** Turns the lease into a tunnel after a 101; `owner` gets its bytes and events. */
  tunnel(owner: LeaseOwner): void;
  /** Pauses receiving. */
  pause(): void;
  resume(): void;
  /** {@link LeaseOwner.upstreamTimedOut} follows, unless another deadline is set. @param ms from now */
  setDeadline(ms: number): void;
  clearDeadline(): void;
  /** The session is full: the endpoint must take some bytes within `ms` (nginx: proxy_send_timeout). */
  awaitEndpoint(ms: number): void;
  /**
   * Gives the lease back: the session stays open if the response is complete. @param keepsHead the head is still needed
   */
  release(keepsHead: boolean): void;
  /** Abandons the exchange. A session that cannot do that otherwise is closed. */
  abandon(): void;
  /** Ends a tunnel after its written bytes have gone out. */
  finish(): void;
}

/** A session with an endpoint. */
export interface UpstreamSession {
  /** Number of further exchanges that it can carry now. */
  readonly room: number;
  /** Takes a lease; there must be room. */
  lease(owner: LeaseOwner): UpstreamLease;
}

/** Source of leases. */
export interface UpstreamSource {
  /** Returns a lease on a connected session; `null` when there is none. */
  take(endpoint: Endpoint, tls: UpstreamTls | null, owner: LeaseOwner): UpstreamLease | null;
  /** Returns a lease on a new session, which reports to the owner. */
  connect(endpoint: Endpoint, tls: UpstreamTls | null, owner: LeaseOwner): UpstreamLease;
  /** Closes the connection that has been idle for the longest; false when there is none. */
  dropOldestIdle(): boolean;
}
