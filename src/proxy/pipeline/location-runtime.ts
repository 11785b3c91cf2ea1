/**
 * One location, compiled to one handler: its policies' hooks in order, the check for endpoints between the phases, then
 * proxying.
 *
 * @module
 */
import { encodePath, hasDotSegment, redirectLocation } from "../../http/mod.ts";
import type { Answer, Exchange, LocationFacts } from "../../http/exchange.ts";
import type { ExchangeContext, RequestVerdict } from "../../policy/mod.ts";
import { CATCH_ALL, DEFAULT_BACKEND, type Location, type Policies } from "../../snapshot/snapshot.ts";
import type { UpstreamGroup } from "../balancer/mod.ts";
import type { ServerExchange } from "../contract.ts";
import { type CompiledHooks, compileHooks } from "./compile-hooks.ts";
import { compileForwardSettings, type SchemeSettings } from "./forward-settings.ts";
import { isPromise, type ResponseStep, runSteps, type Step } from "./hook-chain.ts";
import { type Lifecycle, lifecycleOf } from "./lifecycle.ts";
import { runOnion } from "./onion.ts";
import type { Route as RouteOf } from "./route.ts";
import type { TableContext } from "./table-context.ts";

const NOT_FOUND: Answer = { status: 404 };
const UNSAFE_PATH: Answer = {
  status: 400,
  failure: { code: "unsafe-path", cause: "the rewritten path holds a segment . or .." },
};

type Route = RouteOf<unknown, LocationRuntime>;

const UNSAFE_QUERY: Answer = {
  status: 400,
  failure: { code: "unsafe-path", cause: "the rewritten query holds a space or a control character" },
};
// A variable such as $uri is decoded text: with a space in it the request line would have another meaning.
// deno-lint-ignore no-control-regex
const NO_TARGET = /[\x00-\x20\x7f]/;

/** What ends the steps of a location. */
export type Terminal = (c: ExchangeContext, route: Route) => RequestVerdict | Promise<RequestVerdict>;

/** A location as requests meet it. */
export class LocationRuntime {
  constructor(
    readonly facts: LocationFacts,
    /** Requests stand in the access log. */
    readonly logged: boolean,
    /** Request hooks and checks, in order. */
    readonly steps: readonly Step[],
    readonly responseSteps: readonly ResponseStep[],
    readonly terminal: Terminal,
    readonly errorPages: CompiledHooks["errorPages"] = [],
    /** What {@link CHECK} and the terminal work with, in a location that leads to an upstream. */
    readonly proxying: Proxying | null = null,
    /** Rare hooks. */
    readonly lifecycle: Lifecycle | null = null,
  ) {}

  /** The page for an answer made here that has no body of its own. */
  page(exchange: Exchange, answer: Answer): Answer {
    if (answer.body !== undefined || this.errorPages.length === 0) return answer;
    return this.errorPages.reduce((given, errorPage) => errorPage(exchange, given), answer);
  }

  /** Runs the whole location; `undefined` when the request is on its way to an upstream. */
  run(c: ExchangeContext, route: Route): RequestVerdict | Promise<RequestVerdict> {
    route.location = this;
    route.chosen = null;
    route.fallback = null;
    route.exchange.location = this.facts;
    route.exchange.upstreamName = null;
    if (this.lifecycle !== null && this.lifecycle.end.length > 0) (route.ending ??= []).push(...this.lifecycle.end);
    const verdict = runSteps(this.steps, c);
    if (verdict === undefined) return this.terminal(c, route);
    if (!isPromise(verdict)) return verdict;
    return verdict.then((late) => late === undefined ? this.terminal(c, route) : late);
  }
}

/** Compiles a location of the snapshot. */
export function compileLocation(
  location: Location,
  host: string,
  regexMode: boolean,
  hostPolicies: Policies,
  tables: TableContext,
): LocationRuntime {
  const facts = factsOf(location);
  const quiet = !tables.globals.accessLog.ofDefaultBackend && host === CATCH_ALL && location.ingress === null &&
    isDefaultBackend(location);
  const logged = !quiet && location.policies["access-log"]?.enabled !== false;
  let hooks: CompiledHooks;
  try {
    hooks = compileHooks("location", location.policies, {
      globals: tables.globals,
      location: facts,
      ...location.matchPath === undefined ? {} : { matchPath: location.matchPath },
      hostPolicies,
      regexMode,
      hasCertificate: tables.hasCertificate,
      subrequest: tables.subrequest,
      state: tables.sources.state,
    }, tables.sources.modules);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    tables.sources.logger.error("cannot build a location, it answers 503", { host, path: location.path, cause });
    return new LocationRuntime(facts, logged, [], [], deny(`the location cannot be built: ${cause}`));
  }
  if (location.denied !== null) {
    return new LocationRuntime(facts, logged, [], hooks.response, deny(location.denied));
  }
  if (location.match.kind === "slash-redirect") {
    return new LocationRuntime(facts, logged, [], hooks.response, (_c, route) => addSlash(route.exchange));
  }
  if (location.backend.kind === "not-found") {
    const steps = [...hooks.rewrite, ...hooks.access];
    const { response, errorPages } = hooks;
    return new LocationRuntime(
      facts,
      logged,
      steps,
      response,
      () => NOT_FOUND,
      errorPages,
      null,
      lifecycleOf(hooks),
    );
  }
  const proxying = new Proxying(location, location.backend.upstream, facts, tables);
  const { rewrite, access, middleware } = hooks;
  const steps = rewrite.length === 0 && access.length === 0 ? CHECK_ONLY : [...rewrite, CHECK, ...access];
  const terminal: Terminal = middleware.length === 0
    ? proxy
    : (c, route) => refused(route) ?? runOnion(middleware, c, route, () => proxying.forward(route));
  const { response, errorPages } = hooks;
  return new LocationRuntime(facts, logged, steps, response, terminal, errorPages, proxying, lifecycleOf(hooks));
}

// What locations have in common is made once: there may be many thousands of them.

/** The upstream has endpoints, or what is answered in its place. */
const CHECK: Step = (c) => ((c.env as ServerExchange).route as Route).location!.proxying!.check(c);
const CHECK_ONLY: readonly Step[] = [CHECK];

/** For a location that must not be served. */
function deny(cause: string): Terminal {
  const answer: Answer = { status: 503, failure: { code: "denied", cause } };
  return () => answer;
}

function proxy(_c: ExchangeContext, route: Route): Answer | undefined {
  const answer = refused(route);
  if (answer === undefined) route.location!.proxying!.forward(route);
  return answer;
}

/**
 * A rewrite can make `/../admin` of `/api../admin`, and a server that resolves it would answer with what no path of the
 * Ingress leads to: 400, where nginx sends it.
 */
function refused({ exchange }: Route): Answer | undefined {
  if (!exchange.rewritten) return undefined;
  if (hasDotSegment(exchange.path)) return UNSAFE_PATH;
  return exchange.query !== undefined && NO_TARGET.test(exchange.query) ? UNSAFE_QUERY : undefined;
}

/** The part of a location that leads to an upstream. */
class Proxying {
  readonly #tables: TableContext;
  readonly #facts: LocationFacts;
  readonly #settings: SchemeSettings;
  readonly #fallbackName: string | undefined;
  #group: UpstreamGroup;
  /** The facts of the location with the name of an upstream that a snippet chose, by that name. */
  #switched: Map<string, LocationFacts> | null = null;

  constructor(location: Location, upstream: string, facts: LocationFacts, tables: TableContext) {
    this.#tables = tables;
    this.#facts = facts;
    this.#group = tables.sources.upstream(upstream);
    this.#settings = compileForwardSettings(location, tables);
    this.#fallbackName = location.defaultBackend;
  }

  /** See {@link CHECK}. */
  check(c: ExchangeContext): Answer | undefined | Promise<Answer | undefined> {
    const { upstreamName } = c.env;
    if (upstreamName !== null && upstreamName !== this.#group.name) return this.#switch(c, upstreamName);
    const available = this.#current().available();
    if (available === true) return undefined;
    if (available === false) return this.#withoutEndpoints(c);
    return available.then((late) => late ? undefined : this.#withoutEndpoints(c));
  }

  /** A snippet has chosen another upstream: one of the namespace, or the default backend of all hosts. */
  #switch(c: ExchangeContext, name: string): Answer | undefined | Promise<Answer | undefined> {
    const { namespace } = this.#facts;
    const group = this.#tables.sources.findUpstream(name);
    if (group === undefined || (group.namespace !== namespace && name !== DEFAULT_BACKEND)) {
      const cause = `$proxy_upstream_name of a snippet names no upstream of namespace "${namespace}": "${name}"`;
      return { status: 503, failure: { code: "upstream-none", cause } };
    }
    const exchange = c.env as ServerExchange;
    const switched = this.#switched ??= new Map<string, LocationFacts>();
    let facts = switched.get(name);
    if (facts === undefined) switched.set(name, facts = { ...this.#facts, upstreamName: name });
    exchange.location = facts;
    (exchange.route as Route).chosen = group;
    const settle = (available: boolean): Answer | undefined => {
      if (available) return undefined;
      return name === DEFAULT_BACKEND ? NOT_FOUND : { status: 503, failure: group.whyNone() };
    };
    const available = group.available();
    return isPromise(available) ? available.then(settle) : settle(available);
  }

  #current(): UpstreamGroup {
    if (this.#group.retired) this.#group = this.#tables.sources.upstream(this.#group.name);
    return this.#group;
  }

  #withoutEndpoints(c: ExchangeContext): Answer | undefined {
    if (this.#group.name === DEFAULT_BACKEND) return NOT_FOUND;
    if (this.#fallbackName === undefined) return { status: 503, failure: this.#group.whyNone() };
    const fallback = this.#tables.sources.upstream(this.#fallbackName);
    if (fallback.available() !== true) return { status: 503, failure: this.#group.whyNone() };
    ((c.env as ServerExchange).route as Route).fallback = fallback;
    return undefined;
  }

  /** Sends the request on its way. */
  forward(route: Route): void {
    const { exchange } = route;
    let fieldBlock = this.#tables.requestFields.block(exchange);
    if (route.fallback !== null) fieldBlock += explain503(exchange, this.#facts);
    const group = route.fallback ?? route.chosen ?? this.#group;
    const plain = route.fallback !== null || group.name === DEFAULT_BACKEND;
    const settings = plain ? this.#settings.plain : this.#settings[exchange.scheme];
    exchange.forward(route.plan(settings, group, targetOf(exchange), fieldBlock));
  }
}

/** Request-target for the upstream: as the client wrote it, unless a rewrite changed it. */
function targetOf(exchange: ServerExchange): string {
  if (!exchange.rewritten) return exchange.target;
  const path = encodePath(exchange.path);
  return exchange.query === undefined || exchange.query === "" ? path : `${path}?${exchange.query}`;
}

/** nginx's redirect for a prefix location that is asked for without its last slash. */
function addSlash(exchange: ServerExchange): Answer {
  const query = exchange.query === undefined ? "" : `?${exchange.query}`;
  const location = redirectLocation(exchange, `${encodePath(exchange.path)}/${query}`);
  return { status: 301, fields: [["Location", location]] };
}

/** What the service of the annotation default-backend is told. */
function explain503(exchange: ServerExchange, facts: LocationFacts): string {
  const format = exchange.request.get("accept") ?? "";
  return `X-Code: 503\r\n${format === "" ? "" : `X-Format: ${format}\r\n`}X-Namespace: ${facts.namespace}\r\n` +
    `X-Ingress-Name: ${facts.ingressName}\r\nX-Service-Name: ${facts.serviceName}\r\n` +
    `X-Service-Port: ${facts.servicePort}\r\n`;
}

function isDefaultBackend({ backend }: Location): boolean {
  return backend.kind === "not-found" || backend.upstream === DEFAULT_BACKEND;
}

function factsOf({ ingress, backend, path, policies }: Location): LocationFacts {
  const proxied = backend.kind === "upstream";
  const form = policies["redirect-form"];
  return {
    namespace: ingress?.namespace ?? "",
    ingressName: ingress?.name ?? "",
    serviceName: proxied ? backend.serviceName : "",
    servicePort: proxied ? backend.servicePort : "",
    path,
    upstreamName: proxied ? backend.upstream : DEFAULT_BACKEND,
    ...form === undefined ? {} : { redirectForm: form },
  };
}
