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
  readonly #http: UpstreamSource;
  readonly #others: ReadonlyMap<string, UpstreamSource>;

  /**
   * @param http sessions of HTTP/1
   * @param others sessions of other protocols, by {@link ForwardSettings.protocol}
   */
  constructor(core: WireCore, http: UpstreamSource, others: ReadonlyMap<string, UpstreamSource> = new Map()) {
    this.#core = core;
    this.#http = http;
    this.#others = others;
  }

  forward(exchange: OpenExchange, plan: ForwardPlan, former: Forwarding | null): Forwarding {
    const { protocol } = plan.settings;
    const source = protocol === undefined ? this.#http : this.#sourceOf(protocol);
    if (former instanceof Forward) {
      former.take(plan, source);
      return former;
    }
    return new Forward(exchange, this.#core, source, plan);
  }

  #sourceOf(protocol: string): UpstreamSource {
    const source = protocol === "http" ? this.#http : this.#others.get(protocol);
    if (source === undefined) throw new RangeError(`forward by ${protocol}: there are no sessions of this protocol`);
    return source;
  }
}
