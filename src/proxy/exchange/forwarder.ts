/**
 * The forwarder, as an exchange uses it.
 *
 * @module
 */
import type { ForwardPlan } from "../contract.ts";
import type { OpenExchange } from "./open-exchange.ts";

/** An exchange on its way to an upstream and back. */
export interface Forwarding {
  /** Begins; called once. An exception is an internal error. */
  start(): void;
  /** The client (or the encoder before it) takes bytes again. */
  clientDrained(): void;
  /** Cancels the request: the client has gone, or the response cannot go on. */
  cancel(): void;
}

/** Sends exchanges to upstreams. */
export interface Forwarder {
  /** @param former the last one of the same exchange, which is over and was of another request */
  forward(exchange: OpenExchange, plan: ForwardPlan, former: Forwarding | null): Forwarding;
}
