/**
 * Hono middleware of the program that embeds the data plane, by host and path.
 *
 * @module
 */
import type { Context, Handler } from "hono";
import type { Result } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";
import type { H, RouterRoute } from "hono/types";
import type { Exchange } from "../../http/mod.ts";
import { CATCH_ALL, type Location, type VirtualHost } from "../../snapshot/snapshot.ts";
import type { Chain } from "./chain.ts";

/** The Context of a middleware: `c.env` is the exchange. */
export type MiddlewareContext = Context<{ Bindings: Exchange; Variables: Record<string, unknown> }>;

/** One middleware, ready-made or your own, or a handler that answers without `next`. Its Context is a {@link MiddlewareContext}. */
export type Middleware = Handler;

/** Where which middleware run. */
export interface MiddlewareRule {
  /**
   * `api.example.com`; `*.example.com` for all names below it; `*`: all hosts, also those that no Ingress names. Compared
   * with the host that was asked for, and with the host of the Ingress that answers. Default: `*`.
   */
  readonly host?: string;
  /**
   * `/x` stands for itself and all below it, by elements: `/x/y`, not `/xy`. With `*`, `:name` or `{...}` it is a pattern as
   * in Hono's `app.use`. Compared with the decoded, normalised path by which the location is found. Default: all.
   */
  readonly path?: string;
  /** In order. */
  readonly use: Middleware | readonly Middleware[];
}

interface Entry {
  readonly host: string;
  readonly pattern: string;
  /** The path's beginning, before anything that varies. */
  readonly fixed: string;
  readonly handlers: readonly Middleware[];
}

/** A handler together with the host that it is for, when that is to be asked for every request. */
type Guarded = readonly [handler: H, route: RouterRoute, host: string | null];

/** All rules, in order. */
export class MiddlewareRules {
  readonly #entries: readonly Entry[];

  /** @throws TypeError when a rule names no host or no path */
  constructor(rules: readonly MiddlewareRule[]) {
    this.#entries = rules.map(readRule);
  }

  /** What there may be for a virtual host; `null`: nothing. */
  of(host: VirtualHost): HostMiddleware | null {
    const candidates: (Entry & { readonly ask: boolean })[] = [];
    for (const entry of this.#entries) {
      if (covers(entry.host, host.name)) candidates.push({ ...entry, ask: false });
      else if (
        host.name === CATCH_ALL || host.names.some((name) => name.kind !== "exact" || covers(entry.host, name.name))
      ) {
        candidates.push({ ...entry, ask: true });
      }
    }
    return candidates.length === 0 ? null : new HostMiddleware(candidates);
  }
}

/** The middleware of a virtual host. */
export class HostMiddleware {
  readonly #router = new TrieRouter<Guarded>();
  readonly #candidates: readonly Entry[];

  constructor(candidates: readonly (Entry & { readonly ask: boolean })[]) {
    this.#candidates = candidates;
    for (const { ask, handlers, host, pattern } of candidates) {
      for (const handler of handlers) {
        const route: RouterRoute = { basePath: "/", path: pattern, method: "ALL", handler: handler };
        this.#router.add("ALL", pattern, [handler, route, ask ? host : null]);
      }
    }
  }

  /** Can any of them be for a request of that location. */
  mayReach({ match, path, pathType }: Location): boolean {
    if (match.kind === "regex") return true;
    if (pathType === "Exact") return this.#router.match("ALL", path)[0].length > 0;
    const prefix = path.replace(/\/$/, "");
    return this.#candidates.some(({ fixed }) => fixed.startsWith(prefix) || prefix.startsWith(fixed));
  }

  /** Those that are for the request; `null`: none. */
  select({ host, path }: Exchange): Chain | null {
    const found = this.#router.match("ALL", path)[0] as Result<Guarded>[0] as [Guarded, Record<string, string>][];
    const chain: [[H, RouterRoute], Record<string, string>][] = [];
    for (const [[handler, route, asked], parameters] of found) {
      if (asked !== null && !covers(asked, host)) continue;
      chain.push([[handler, route], encoded(parameters)]);
    }
    return chain.length === 0 ? null : [chain];
  }
}

/** Hono decodes parameters once more. */
function encoded(parameters: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, encodeURIComponent(value)]));
}

/** @param name lower case, without port */
function covers(pattern: string, name: string): boolean {
  return pattern === "*" || pattern === name || (pattern.startsWith("*.") && name.endsWith(pattern.slice(1)));
}

const HOST = /^(?:\*|(?:\*\.)?[^\s/:*]+|(?:\*\.)?\[[0-9a-f:.]+\])$/;

function readRule({ host = "*", path = "/", use }: MiddlewareRule): Entry {
  const name = host.toLowerCase().replace(/(?<=.)\.$/, "");
  if (!HOST.test(name)) {
    throw new TypeError(
      `middleware for the host ${JSON.stringify(host)}: want a name, "*." and a name, or "*", no port`,
    );
  }
  if (!path.startsWith("/") && path !== "*") {
    throw new TypeError(`middleware for the path ${JSON.stringify(path)}: want one that begins with "/", or "*"`);
  }
  const handlers = [use].flat() as Middleware[];
  for (const handler of handlers) {
    if (typeof handler !== "function") throw new TypeError(`middleware for ${host} ${path}: want a function`);
  }
  const varies = path.search(/[*:{]/);
  const plain = path === "/" || path === "*" ? "" : path.replace(/\/+$/, "");
  return {
    host: name,
    pattern: varies < 0 || plain === "" ? `${plain}/*` : path,
    fixed: varies < 0 ? plain : path.slice(0, path.lastIndexOf("/", varies)),
    handlers,
  };
}
