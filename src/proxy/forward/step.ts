/**
 * Steps of the current attempt of a request. They are numbers because the hot path compares them for every event.
 *
 * @module
 */

/** Steps in order. */
export const Step = {
  /** The request's body is being read; no attempt yet. */
  buffering: 0,
  connecting: 1,
  /** The request is being sent, or its response awaited. */
  waiting: 2,
  /** Policies handle the response head. */
  hook: 3,
  relaying: 4,
  /** The response has been read, and its end is on the way to the client. */
  finishing: 5,
  tunnel: 6,
  over: 7,
} as const;
