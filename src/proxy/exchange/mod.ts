/**
 * The life of one exchange, from the head of a request to the end of its response, whatever the wire is. Promises that it is
 * answered once, and that everyone who waits for its end is told. Downstreams and upstream sessions implement what is declared
 * here.
 *
 * @module
 */
export { WireCore, type WireCounters } from "./core.ts";
export {
  type BodySink,
  type Downstream,
  type FinishOwner,
  type HookWaiter,
  LastChunk,
  NO_BODY,
  type OutgoingResponse,
  type TunnelSink,
  UNKNOWN_LENGTH,
} from "./downstream.ts";
export { ExchangePool } from "./exchange-pool.ts";
export { WireExchange } from "./exchange.ts";
export type { Forwarder, Forwarding } from "./forwarder.ts";
export { filterTrailers, type ForwardMasks, masksOf } from "./masks.ts";
export { MemoryDownstream } from "./memory-downstream.ts";
export type { OpenExchange } from "./open-exchange.ts";
export type {
  LeaseOwner,
  UpstreamLease,
  UpstreamRequest,
  UpstreamSession,
  UpstreamSource,
} from "./upstream-session.ts";
