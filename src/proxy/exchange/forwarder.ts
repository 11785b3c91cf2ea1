/**
 * What an exchange needs of those who send it to upstreams.
 *
 * @module
 */
import type { ForwardPlan } from "../contract.ts";
import type { OpenExchange } from "./open-exchange.ts";

/** An exchange on its way to an upstream and back. */
export interface Forwarding {
  /** Begins; called once. What it throws is an error of our own. */
  start(): void;
  /** The client (or the encoder before it) takes bytes again. */
  clientDrained(): void;
  /** Gives everything up: the client has gone, or the response cannot go on. */
  cancel(): void;
}

/** Sends exchanges to upstreams. */
export interface Forwarder {
  /** @param former the last one of the same exchange, which is over and was of another request */
  forward(exchange: OpenExchange, plan: ForwardPlan, former: Forwarding | null): Forwarding;
}
