/**
 * Phases of an HTTP/1 connection of a client. They are numbers because every event of a socket compares them; a union
 * of texts would cost a comparison of strings.
 *
 * @module
 */

/** Phase of a connection. */
export const Phase = {
  /** Between two requests; no byte of the next one has been read. */
  idle: 0,
  /** Part of a head has been read. */
  head: 1,
  /** A request is being answered. */
  exchange: 2,
  /** The response is complete; the rest of the request body is read and discarded. */
  discard: 3,
  /** The response is in the socket's buffer, and the client does not read. */
  flushing: 4,
  /** The connection has been ended; bytes of the client are discarded, so that it can read the response. */
  linger: 5,
  tunnel: 6,
  closed: 7,
} as const;
