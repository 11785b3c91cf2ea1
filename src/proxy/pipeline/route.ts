/**
 * State of one request: its tables, its location, and its forward plan.
 *
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";
import type { ExchangeContext } from "../../policy/contract.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { AttemptOutcome, ForwardPlan, ForwardSettings, ResponseTap, ServerExchange } from "../contract.ts";
import type { UpstreamGroup } from "../balancer/mod.ts";
import type { Chain } from "./chain.ts";

/**
 * Stored in {@link ServerExchange.route}. `Host` and `Location` are the types of the tables. One object is route and
 * plan, because every request has one of each.
 */
export class Route<Host = unknown, Location = unknown> implements ForwardPlan {
  location: Location | null = null;
  /** Context that Hono made for the request; response hooks get it too. */
  context: ExchangeContext | null = null;
  /** The request has been answered or forwarded. */
  settled = false;
  /** Number of location searches so far. */
  rounds = 0;
  /** Upstream that replaces that of the location, which has no endpoints (annotation default-backend). */
  fallback: UpstreamGroup | null = null;
  /** Upstream that was chosen for this request, by a snippet or among those of the location; `null`: the only one. */
  chosen: UpstreamGroup | null = null;
  /** Middleware that the request goes through before it is proxied; `null`: none. */
  chain: Chain | null = null;
  /** Looks at the response, for them. */
  tap: ResponseTap | null = null;

  /** End hooks of all locations of the request. */
  ending: ((exchange: Exchange) => void)[] | null = null;
  /** The response is a replacement, which is not replaced again. */
  replaced = false;
  /** The response is one that a response hook threw. */
  thrown = false;

  settings!: ForwardSettings;
  target = "";
  fieldBlock = "";
  #group: UpstreamGroup | null = null;

  constructor(readonly host: Host, readonly exchange: ServerExchange) {}

  /** Sets the forward plan. */
  plan(settings: ForwardSettings, group: UpstreamGroup, target: string, fieldBlock: string): ForwardPlan {
    this.settled = true;
    this.settings = settings;
    this.#group = group;
    this.target = target;
    this.fieldBlock = fieldBlock;
    return this;
  }

  pick(attempt: number, tried: readonly Endpoint[]): Endpoint | undefined {
    const group = this.#group;
    // without proxy-next-upstream-tries every endpoint is tried once
    if (group === null || (this.settings.retry.tries === 0 && attempt > 0 && attempt >= group.size)) return undefined;
    return group.pick(this.exchange, tried);
  }

  observe(endpoint: Endpoint, outcome: AttemptOutcome, elapsedMs: number): void {
    this.#group?.observe(endpoint, outcome, elapsedMs);
  }
}
