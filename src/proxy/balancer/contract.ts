/**
 * The interface of a balancer: it yields the endpoints of one upstream in the order of the attempts.
 *
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";

/** Chooses endpoints of one upstream. */
export interface Balancer {
  /** Replaces the endpoints; what is known about those that stay is kept. */
  update(endpoints: readonly Endpoint[]): void;
  /**
   * Endpoint for the next attempt of an exchange. Endpoints that `tried` does not contain come first; when all have been
   * tried, another round begins. `ejected` endpoints (of this balancer, each once) come last in every round. `undefined`
   * when the upstream has no endpoints.
   */
  pick(exchange: Exchange, tried: readonly Endpoint[], ejected?: readonly Endpoint[]): Endpoint | undefined;
  /** The client has been bound to this upstream before (cookie affinity). Absent: this balancer binds no clients. */
  isBound?(exchange: Exchange): boolean;
  /** Takes in the outcome of an attempt that took `elapsedMs`. */
  observe?(endpoint: Endpoint, outcome: "answered" | "failed", elapsedMs: number): void;
}

/** `address:port`: identity of an endpoint across updates. */
export function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.address} ${endpoint.port}`;
}
