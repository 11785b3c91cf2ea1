/**
 * One request on its way: the tables it began with, the location it was sent to, and, once it is proxied, its forward plan.
 *
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";
import type { ExchangeContext } from "../../policy/contract.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { AttemptOutcome, ForwardPlan, ForwardSettings, ResponseTap, ServerExchange } from "../contract.ts";
import type { UpstreamGroup } from "../balancer/mod.ts";
import type { Chain } from "./chain.ts";

/** Kept in {@link ServerExchange.route}. `Host` and `Location`: what the tables have for them. One object plays both parts, because there is one of each for every request. */
export class Route<Host = unknown, Location = unknown> implements ForwardPlan {
  location: Location | null = null;
  /** Made by Hono for the request; response hooks get the same one. */
  context: ExchangeContext | null = null;
  /** An answer, response or forward has been asked for. */
  settled = false;
  /** Location searches so far. */
  rounds = 0;
  /** Upstream that answers in place of the location's own, which has no endpoints (annotation default-backend). */
  fallback: UpstreamGroup | null = null;
  /** Upstream that was chosen for this request, by a snippet or among those of the location; `null`: the only one. */
  chosen: UpstreamGroup | null = null;
  /** Middleware that the request goes through before it is proxied; `null`: none. */
  chain: Chain | null = null;
  /** Looks at the response, for them. */
  tap: ResponseTap | null = null;

  /** End hooks of the locations that the request has been in. */
  ending: ((exchange: Exchange) => void)[] | null = null;
  /** The response is one that stands in for another: it is not replaced in its turn. */
  replaced = false;
  /** The response is one that a response hook threw. */
  thrown = false;

  settings!: ForwardSettings;
  target = "";
  fieldBlock = "";
  #group: UpstreamGroup | null = null;

  constructor(readonly host: Host, readonly exchange: ServerExchange) {}

  /** Fills in the plan. */
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
    // without a limit of tries every endpoint is tried once
    if (group === null || (this.settings.retry.tries === 0 && attempt > 0 && attempt >= group.size)) return undefined;
    return group.pick(this.exchange, tried);
  }

  observe(endpoint: Endpoint, outcome: AttemptOutcome, elapsedMs: number): void {
    this.#group?.observe(endpoint, outcome, elapsedMs);
  }
}
