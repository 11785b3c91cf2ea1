/**
 * One stream of an HTTP/2 connection, server side: what has been received and sent of it.
 *
 * @see RFC 9113 section 5
 * @module
 */
import type { FieldLines } from "./frame-writer.ts";

/** Bytes or trailers that wait for the peer's window or for the socket. */
export interface PendingData {
  readonly chunk: Uint8Array;
  at: number;
}

/** State of one stream. `context` is the owner's. */
export class H2Stream<C> {
  context: C | null = null;
  /** END_STREAM was received. */
  remoteEnded = false;
  /** END_STREAM was sent, or is behind the pending bytes. */
  localEnded = false;
  /** END_STREAM was sent. */
  endSent = false;
  /** Body bytes sent so far. */
  sentBytes = 0;
  /** The response head was sent. */
  responded = false;
  /** Over: finished both ways, or reset. */
  closed = false;
  /** Bytes that the peer takes. */
  sendWindow: number;
  /** Bytes that the peer may still send. */
  receiveWindow: number;
  /** Received bytes that are used up but not yet given back by WINDOW_UPDATE. */
  unacknowledged = 0;
  /** Bytes of the body that Content-Length still wants; -1 when it said nothing. */
  expectedBytes = -1;
  /** The owner was told to wait, and wants to hear when it may go on. */
  waiting = false;
  readonly pending: PendingData[] = [];
  pendingTrailers: FieldLines | null = null;

  constructor(readonly id: number, sendWindow: number, receiveWindow: number) {
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }
}
