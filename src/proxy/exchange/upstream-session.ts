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
  /** How the body is delimited: 0 none, its length, CHUNKED, UNTIL_CLOSE. */
  readonly bodyBytes: number;
  /** Data of the body so far, without framing. */
  readonly dataBytes: number;
  /** Something was received since the lease began. */
  readonly received: boolean;
  /** All that was written has gone out. */
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
  /** Data of the body is to come with the chunk framing it has (HTTP/1.1); `false`: it cannot. */
  keepFraming(): boolean;
  /** After a 101: from now on bytes go both ways as they are, and `owner` hears of them. */
  tunnel(owner: LeaseOwner): void;
  /** Lets nothing more come. */
  pause(): void;
  resume(): void;
  /** {@link LeaseOwner.upstreamTimedOut} follows, unless another deadline is set. @param ms from now */
  setDeadline(ms: number): void;
  clearDeadline(): void;
  /** The session is full: the endpoint has so long to take something (nginx: proxy_send_timeout). */
  awaitEndpoint(ms: number): void;
  /** Gives the lease back: the session goes on if the response was complete. @param keepsHead the head is still needed */
  release(keepsHead: boolean): void;
  /** Gives the exchange up. A session that has no other way to do that is closed. */
  abandon(): void;
  /** Gives a tunnel up once what was written has gone out. */
  finish(): void;
}

/** Something endpoints are spoken to by. */
export interface UpstreamSession {
  /** Exchanges that it can carry now beside those that it carries. */
  readonly room: number;
  /** Takes a place, which is there. */
  lease(owner: LeaseOwner): UpstreamLease;
}

/** Where leases come from. */
export interface UpstreamSource {
  /** A place on a session that stands; `null` if there is none. */
  take(endpoint: Endpoint, tls: UpstreamTls | null, owner: LeaseOwner): UpstreamLease | null;
  /** A place on a new session; the owner hears how it goes. */
  connect(endpoint: Endpoint, tls: UpstreamTls | null, owner: LeaseOwner): UpstreamLease;
  /** Closes the connection that has been idle for the longest; false when there is none. */
  dropOldestIdle(): boolean;
}
