/**
 * What a balancer is: it yields the endpoints of one upstream in the order in which they shall be tried.
 *
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";

/** An endpoint and its share of the requests relative to the others. */
export interface WeightedEndpoint {
  readonly endpoint: Endpoint;
  /** At least 1. */
  readonly weight: number;
}

/** Chooses endpoints of one upstream. */
export interface Balancer {
  /** Replaces the endpoints; what is known about those that stay is kept. */
  update(endpoints: readonly WeightedEndpoint[]): void;
  /**
   * Endpoint for the next attempt of an exchange, given those already tried for it; one not yet tried as long as there is
   * any, then they are gone through again. `suspects` (endpoints of this balancer, each once) come last in every round.
   * `undefined` only without endpoints.
   */
  pick(exchange: Exchange, tried: readonly Endpoint[], suspects?: readonly Endpoint[]): Endpoint | undefined;
  /** Tells how an attempt went. */
  observe?(endpoint: Endpoint, outcome: "answered" | "failed", elapsedMs: number): void;
}

/** `address:port`: identity of an endpoint across updates. */
export function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.address} ${endpoint.port}`;
}
