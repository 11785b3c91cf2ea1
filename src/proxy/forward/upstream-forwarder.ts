/**
 * Forwards exchanges to the endpoints of upstreams.
 *
 * @module
 */
import type { ForwardPlan } from "../contract.ts";
import type { Forwarder, Forwarding, OpenExchange, UpstreamSource, WireCore } from "../exchange/mod.ts";
import { Forward } from "./forward.ts";

/** One for each data plane. */
export class UpstreamForwarder implements Forwarder {
  readonly #core: WireCore;
  readonly #source: UpstreamSource;

  constructor(core: WireCore, source: UpstreamSource) {
    this.#core = core;
    this.#source = source;
  }

  forward(exchange: OpenExchange, plan: ForwardPlan, former: Forwarding | null): Forwarding {
    if (former instanceof Forward) {
      former.take(plan);
      return former;
    }
    return new Forward(exchange, this.#core, this.#source, plan);
  }
}
