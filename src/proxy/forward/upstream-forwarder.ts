/**
 * Sends exchanges to the endpoints of upstreams.
 *
 * @module
 */
import type { ForwardPlan } from "../contract.ts";
import type { WireCore } from "../exchange/core.ts";
import type { Forwarder, Forwarding } from "../exchange/forwarder.ts";
import type { OpenExchange } from "../exchange/open-exchange.ts";
import type { UpstreamPools } from "../upstream/pool.ts";
import { Forward } from "./forward.ts";

/** One for each data plane. */
export class UpstreamForwarder implements Forwarder {
  readonly #core: WireCore;
  readonly #pools: UpstreamPools;

  constructor(core: WireCore, pools: UpstreamPools) {
    this.#core = core;
    this.#pools = pools;
  }

  forward(exchange: OpenExchange, plan: ForwardPlan): Forwarding {
    return new Forward(exchange, this.#core, this.#pools, plan);
  }
}
