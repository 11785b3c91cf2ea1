/**
 * How far the present attempt of a request has come.
 *
 * @module
 */

/** In order. */
export const Step = {
  /** The request's body is being read; no attempt yet. */
  buffering: 0,
  connecting: 1,
  /** The request is being sent, or its response awaited. */
  waiting: 2,
  /** The head of the response is with the policies. */
  hook: 3,
  relaying: 4,
  /** The response has been read; its end is on its way to the client. */
  finishing: 5,
  tunnel: 6,
  over: 7,
} as const;
