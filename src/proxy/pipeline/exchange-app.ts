/**
 * Hono with a Router of its own: `getPath` gives the router the exchange, `match` returns the prebuilt handler of its
 * location, and Hono makes the Context for hooks. Nothing is concatenated, composed or awaited.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Result, Router } from "hono/router";
import type { H, RouterRoute } from "hono/types";
import type { Exchange } from "../../http/mod.ts";
import type { ExchangeContext } from "../../policy/mod.ts";
import type { ServerExchange } from "../contract.ts";
import { LightRequest } from "./light-request.ts";

/** Result of `match` for a handler; made once, shared by all its requests. */
export type RouterEntry = Result<[H, RouterRoute]>;

/** Result of every handler for Hono; the response itself goes through the exchange. */
const SENT = Object.freeze({}) as unknown as Response;

/** Wraps a handler for {@link ExchangeApp}. */
export function makeEntry(handler: (c: ExchangeContext) => void): RouterEntry {
  const handle = (c: Context): Response => {
    (c.env as ServerExchange).spare = c;
    handler(c as ExchangeContext);
    return SENT;
  };
  return [[[[handle, { basePath: "/", path: "*", method: "ALL", handler: handle }], {}]]];
}

/** Router that uses the tables of the data plane. */
class LocationRouter implements Router<[H, RouterRoute]> {
  readonly name = "LocationRouter";
  /** Exchange of the current dispatch; `getPath`, which Hono calls before `match`, sets it. */
  exchange: ServerExchange | null = null;
  readonly #find: (exchange: ServerExchange) => RouterEntry;

  constructor(find: (exchange: ServerExchange) => RouterEntry) {
    this.#find = find;
  }

  add(): void {
    throw new TypeError("routes come from the tables of the data plane");
  }

  match(): RouterEntry {
    return this.#find(this.exchange!);
  }
}

/** Passes exchanges through Hono to the handler that `find` returns. */
export class ExchangeApp {
  readonly #app: Hono<{ Bindings: Exchange }>;
  readonly #find: (exchange: ServerExchange) => RouterEntry;

  constructor(
    find: (exchange: ServerExchange) => RouterEntry,
    failed: (exchange: ServerExchange, error: unknown) => void,
  ) {
    this.#find = find;
    const router = new LocationRouter(find);
    this.#app = new Hono<{ Bindings: Exchange }>({
      router,
      getPath: (_request, options) => {
        const exchange = options!.env as ServerExchange;
        router.exchange = exchange;
        return exchange.path;
      },
    });
    this.#app.onError((error, c) => {
      failed(c.env as ServerExchange, error);
      return SENT;
    });
  }

  /** Runs the handler with a Context for this exchange, which it keeps for its next request. */
  dispatch(exchange: ServerExchange): void {
    const former = exchange.spare as ExchangeContext | null;
    if (former !== null) {
      (this.#find(exchange)[0][0]![0][0] as (c: ExchangeContext) => unknown)(former);
      return;
    }
    const request = new LightRequest(exchange);
    if (exchange.method !== "HEAD") {
      void this.#app.fetch(request, exchange);
      return;
    }
    // Hono would run HEAD again as GET, and make a new Response from the result
    const matchResult = this.#find(exchange);
    const c = new HonoContext(request, { path: exchange.path, matchResult, env: exchange });
    (matchResult[0][0]![0][0] as (c: ExchangeContext) => unknown)(c);
  }
}

/** Hono exports the type of its Context but not the class, so the class is taken from a Context. */
export const HonoContext: new (request: Request, options: unknown) => ExchangeContext = ((): new (
  request: Request,
  options: unknown,
) => ExchangeContext => {
  let found: unknown;
  const app = new Hono();
  app.get("/", (c) => {
    found = c.constructor;
    return SENT;
  });
  void app.fetch(new Request("http://localhost/"));
  return found as new (request: Request, options: unknown) => ExchangeContext;
})();
