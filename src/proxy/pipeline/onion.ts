/**
 * Generic Hono middleware around the proxying of a location, with Hono's own rules: each middleware gets the Context and
 * `next`; an exception becomes the response, which outer middleware sees as `c.res`, with `c.error`.
 *
 * `next` resolves when the response head is known, and `c.res` then stands for the response. While no middleware touches its
 * body, the body goes from socket to socket, and changes of status and fields are applied. When one reads the body or
 * replaces it, the client gets `c.res`.
 *
 * @module
 */
import type { Handler } from "hono";
import { errorPage } from "../../http/mod.ts";
import type { ExchangeContext } from "../../policy/contract.ts";
import { ProxyError } from "../../proxy-error.ts";
import type { KnownResponse, ServerExchange } from "../contract.ts";
import type { Chain } from "./chain.ts";
import { HonoContext } from "./exchange-app.ts";
import { makeRequest } from "./full-request.ts";
import { responseOf } from "./http-exception.ts";
import type { Route } from "./route.ts";
import { shadowOf, takeOver } from "./shadow-response.ts";

/** What stands at the end of the middleware. */
export interface OnionCore {
  /** Sends the request on its way with `route.exchange.forward(plan, tap)`; or what is answered in its place. */
  proceed(route: Route): Response | undefined;
  /** Longest request body that middleware may read. */
  readonly maxBodyBytes: number;
  /** An error of our own, or of a middleware. */
  report(error: unknown): void;
}

/** Runs one request through the middleware, and sees to its response. */
export async function runOnion(chain: Chain, route: Route, core: OnionCore): Promise<undefined> {
  const { exchange } = route;
  const request = makeRequest(exchange, core.maxBodyBytes);
  if (request === null) {
    exchange.answer({ status: 400 });
    return undefined;
  }
  const run = new OnionRun(chain, route, core, request);
  await run.descend(0);
  await run.settle();
  return undefined;
}

/** The exchange ended while a middleware waited. */
class GoneError extends Error {
  override readonly name = "GoneError";
}

class OnionRun {
  readonly #chain: Chain[0];
  readonly #c: ExchangeContext;
  readonly #route: Route;
  readonly #exchange: ServerExchange;
  readonly #core: OnionCore;
  #index = -1;
  /** The request was sent on its way. */
  #proxied = false;
  #known: KnownResponse | null = null;
  #over = false;
  /** What was sent on its way has a head. */
  #headKnown: Promise<void> | null = null;

  constructor(chain: Chain, route: Route, core: OnionCore, request: Request) {
    this.#chain = chain[0];
    this.#route = route;
    this.#exchange = route.exchange;
    this.#core = core;
    this.#c = new HonoContext(request, {
      path: route.exchange.path,
      matchResult: chain,
      env: route.exchange,
      executionCtx: {
        waitUntil: (work: Promise<unknown>) => void work.catch((error) => core.report(error)),
        passThroughOnException: () => {},
      },
      notFoundHandler: () => pageResponse(404),
    });
    plainText(this.#c);
    this.#exchange.whenOver(() => this.#over = true);
  }

  async descend(index: number): Promise<void> {
    if (index <= this.#index) throw new TypeError("next() called multiple times by a middleware");
    this.#index = index;
    const entry = this.#chain[index];
    const c = this.#c;
    let response: unknown;
    let failed = false;
    if (entry === undefined) response = await this.#proxy();
    else {
      c.req.routeIndex = index;
      try {
        response = await (entry[0][0] as Handler)(c, () => this.#next(index + 1));
      } catch (error) {
        if (this.#over || error instanceof GoneError) throw error;
        c.error = error instanceof Error ? error : new Error(String(error));
        response = this.#failed(error);
        failed = true;
      }
    }
    if (response instanceof Response && (failed || !c.finalized)) c.res = response;
  }

  /** A middleware need not wait for it. */
  #next(index: number): Promise<void> {
    const done = this.descend(index);
    done.catch(() => {});
    return done;
  }

  #failed(error: unknown): Response {
    const response = responseOf(error);
    if (response !== null) return this.#c.newResponse(response.body, response);
    if (error instanceof ProxyError) return pageResponse(error.status);
    this.#core.report(error);
    return pageResponse(500);
  }

  #proxy(): Promise<void> | Response {
    const route = this.#route;
    this.#proxied = true;
    this.#headKnown = new Promise<void>((headKnown, gone) => {
      this.#exchange.whenOver(() => gone(new GoneError("the exchange is over")));
      route.tap = {
        responseKnown: (known) => {
          this.#known = known;
          this.#c.res = shadowOf(this.#c, this.#exchange, known.body);
          headKnown();
        },
      };
    });
    this.#headKnown.catch(() => {});
    const instead = this.#core.proceed(route);
    if (instead === undefined) return this.#headKnown;
    this.#proxied = false;
    this.#headKnown = null;
    return instead;
  }

  /** All middleware are done. */
  async settle(): Promise<void> {
    const c = this.#c;
    const exchange = this.#exchange;
    // next() was called and not awaited
    if (this.#proxied && !c.finalized) await this.#headKnown;
    if (this.#over) return;
    const response = c.finalized ? c.res : pageResponse(404);
    if (!this.#proxied) {
      this.#route.settled = true;
      exchange.respond(response);
    } else if (this.#known?.untouched === true && response.body === this.#known.body && !response.bodyUsed) {
      takeOver(response, exchange);
      this.#known.pass();
    } else exchange.respondInstead(this.#known === null ? response : withoutOldLength(response, exchange));
  }
}

/** Hono keeps the fields of the former `c.res`: the length of another body would stand there. */
function withoutOldLength(response: Response, { response: fields }: ServerExchange): Response {
  const length = response.headers.get("content-length");
  if (length === null || length !== fields?.get("content-length")) return response;
  const copy = new Response(response.body, response);
  copy.headers.delete("content-length");
  return copy;
}

/** True when the exchange was given up while a middleware waited, which needs no report. */
export function isGone(error: unknown): boolean {
  return error instanceof GoneError;
}

/** nginx's short page. */
export function pageResponse(status: number): Response {
  return new Response(errorPage(status), { status, headers: { "Content-Type": "text/html" } });
}

/** On Bun a Response made of a text does not tell its type: `c.text` then names it, as it does when there are other fields. */
function plainText(c: ExchangeContext): void {
  const text = (body: string, arg?: unknown, headers?: Record<string, string>): Response =>
    c.newResponse(body, arg as 200, { "Content-Type": "text/plain; charset=UTF-8", ...headers });
  c.text = text as ExchangeContext["text"];
}
