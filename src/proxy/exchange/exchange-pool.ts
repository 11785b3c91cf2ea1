/**
 * Exchanges of clients, used again and again: a request makes none of the objects that the former one has left, and what
 * hangs on them (the pipeline's own, Hono's Context, the way to an upstream) goes along. One that anybody may still know is
 * not used again.
 *
 * @module
 */
import type { HttpVersion, RequestHead } from "../../http/mod.ts";
import type { ServerConnection } from "../contract.ts";
import type { WireCore } from "./core.ts";
import type { Downstream } from "./downstream.ts";
import { WireExchange } from "./exchange.ts";

/** Exchanges that wait for a request; so many requests in flight make no garbage. */
const LIMIT = 256;

/** One for each data plane. */
export class ExchangePool {
  readonly #core: WireCore;
  readonly #spare: WireExchange[] = [];

  constructor(core: WireCore) {
    this.#core = core;
  }

  /** As the constructor of {@link WireExchange}. */
  open(
    downstream: Downstream,
    connection: ServerConnection,
    request: RequestHead,
    version: HttpVersion,
    scheme: "http" | "https",
    requestBodyBytes: number,
  ): WireExchange {
    const exchange = this.#spare.pop();
    if (exchange === undefined) {
      return new WireExchange(this.#core, downstream, connection, request, version, scheme, requestBodyBytes);
    }
    exchange.take(downstream, connection, request, version, scheme, requestBodyBytes);
    return exchange;
  }

  /** The downstream has let go of it. */
  giveBack(exchange: WireExchange): void {
    if (exchange.reusable && this.#spare.length < LIMIT) this.#spare.push(exchange);
  }
}
