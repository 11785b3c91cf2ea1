/**
 * What an HTTP/1.1 connection of a client is doing.
 *
 * @module
 */

/** One at a time. */
export const Phase = {
  /** Between two requests, nothing of the next one read. */
  idle: 0,
  /** Part of a head has been read. */
  head: 1,
  /** A request is being answered. */
  exchange: 2,
  /** The response is out; the rest of the request's body is read and thrown away. */
  discard: 3,
  /** The response is in the socket's buffer; the client does not read. */
  flushing: 4,
  /** Ended by us; what the client still sends is thrown away, so that it gets to read the response. */
  linger: 5,
  tunnel: 6,
  closed: 7,
} as const;
