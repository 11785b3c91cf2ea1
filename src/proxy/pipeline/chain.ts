/**
 * Middleware that a request goes through, one after the other.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Result } from "hono/router";
import type { H, RouterRoute } from "hono/types";
import type { Exchange } from "../../http/mod.ts";

/** Handlers with the parameters of their paths, in order, as Hono's routers give them. */
export type Chain = Result<[H, RouterRoute]>;

/** Middleware without paths: those of policies. */
export function chainOf(middleware: readonly MiddlewareHandler<{ Bindings: Exchange }>[]): Chain {
  return [
    middleware.map((each) => [[each as H, { basePath: "/", path: "*", method: "ALL", handler: each as H }], {}]),
  ];
}

/** First these, then those. */
export function joinChains(first: Chain | null, second: Chain | null): Chain | null {
  if (first === null || second === null) return first ?? second;
  return [[...first[0], ...second[0]]] as Chain;
}
