/**
 * Generic Hono middleware around the proxying of a location, composed beforehand. `next` resolves when the head of the
 * response is known; `c.res` then stands for it, and changes of its status and headers are taken over. A body set after
 * `next` is not: the upstream's body is on its way from socket to socket.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Answer, Exchange } from "../../http/exchange.ts";
import type { ExchangeContext } from "../../policy/contract.ts";
import type { ServerExchange } from "../contract.ts";
import type { Route } from "./route.ts";

type Middleware = MiddlewareHandler<{ Bindings: Exchange }>;

/**
 * Runs the middleware. `proxy` is called when they let the request pass; otherwise the result is what to answer.
 */
export async function runOnion(
  middleware: readonly Middleware[],
  c: ExchangeContext,
  route: Route,
  proxy: () => void,
): Promise<Answer | Response | undefined> {
  let proxied = false;
  let finish!: () => void;
  let fail!: (error: unknown) => void;
  const finished = new Promise<void>((done, failed) => {
    finish = done;
    fail = failed;
  });
  // nobody may be there to hear of it: the client can leave before the head is known
  finished.catch(() => {});

  const descend = async (index: number): Promise<void> => {
    const handler = middleware[index];
    if (handler === undefined) {
      proxied = true;
      await new Promise<void>((headKnown) => {
        route.onHead = () => {
          c.res = shadow(route.exchange);
          headKnown();
          return finished;
        };
        proxy();
      });
      return;
    }
    let called = false;
    const answered = await handler(c, () => {
      if (called) return Promise.reject(new TypeError("next() called twice by a middleware"));
      called = true;
      return descend(index + 1);
    });
    if (answered instanceof Response && !proxied) c.res = answered;
  };

  try {
    await descend(0);
    if (!proxied) return c.finalized ? c.res : { status: 404 };
    takeOver(c.res, route.exchange);
    finish();
  } catch (error) {
    if (!proxied) throw error;
    fail(error);
  }
  return undefined;
}

/** A Response with the status and fields of the exchange and no body. */
function shadow(exchange: ServerExchange): Response {
  const headers = new Headers();
  for (const [name, value] of exchange.response ?? []) headers.append(name, value);
  // a native Response takes 200 to 599 only; others keep their status unless the middleware sets one
  return new Response(null, {
    status: exchange.status >= 200 && exchange.status < 600 ? exchange.status : 200,
    headers,
  });
}

function takeOver(res: Response, exchange: ServerExchange): void {
  const fields = exchange.response;
  if (fields === null) return;
  const before = shadow(exchange);
  if (res.status !== before.status) exchange.status = res.status;
  for (const name of new Set([...before.headers.keys(), ...res.headers.keys()])) {
    if (name === "set-cookie") {
      const cookies = res.headers.getSetCookie();
      if (cookies.join("\n") === before.headers.getSetCookie().join("\n")) continue;
      fields.delete(name);
      for (const cookie of cookies) fields.append("Set-Cookie", cookie);
      continue;
    }
    const value = res.headers.get(name);
    if (value === before.headers.get(name)) continue;
    if (value === null) fields.delete(name);
    else fields.set(name, value);
  }
}
