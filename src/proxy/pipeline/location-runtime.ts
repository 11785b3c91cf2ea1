/**
 * A location, compiled to one handler: the hooks of its policies in order, the check for endpoints between the phases,
 * then proxying.
 *
 * @module
 */
import { encodePath, hasDotSegment, redirectLocation } from "../../http/mod.ts";
import type { Answer, Exchange, LocationFacts } from "../../http/exchange.ts";
import type { ExchangeContext, RequestVerdict } from "../../policy/mod.ts";
import { type BackendSet, CATCH_ALL, DEFAULT_BACKEND, type Location, type Policies } from "../../snapshot/snapshot.ts";
import type { UpstreamGroup } from "../balancer/mod.ts";
import type { ServerExchange } from "../contract.ts";
import { BackendChoice, type Candidate } from "./backend-choice.ts";
import { type CompiledHooks, compileHooks } from "./compile-hooks.ts";
import { compileForwardSettings, type SchemeSettings } from "./forward-settings.ts";
import { isPromise, type ResponseStep, runSteps, type Step } from "./hook-chain.ts";
import { type Lifecycle, lifecycleOf } from "./lifecycle.ts";
import { type Chain, chainOf, joinChains } from "./chain.ts";
import type { HostMiddleware } from "./middleware.ts";
import { type OnionCore, pageResponse, runOnion } from "./onion.ts";
import type { Route as RouteOf } from "./route.ts";
import type { TableContext } from "./table-context.ts";

const NOT_FOUND: Answer = { status: 404 };
const UNSAFE_PATH: Answer = {
  status: 400,
  failure: { code: "unsafe-path", cause: "the rewritten path holds a segment . or .." },
};

type Route = RouteOf<unknown, LocationRuntime>;

/** Of request bodies that no upstream gets. */
const DEFAULT_MAX_BODY_BYTES = 1_048_576;

const UNSAFE_QUERY: Answer = {
  status: 400,
  failure: { code: "unsafe-path", cause: "the rewritten query holds a space or a control character" },
};
// Characters that a target must not contain: a variable such as $uri is decoded text, and a space would change the
// request line.
// deno-lint-ignore no-control-regex
const NO_TARGET = /[\x00-\x20\x7f]/;

/** Last step of a location. */
export type Terminal = (c: ExchangeContext, route: Route) => RequestVerdict | Promise<RequestVerdict>;

/** A location at run time. */
export class LocationRuntime {
  constructor(
    readonly facts: LocationFacts,
    /** Requests are logged. */
    readonly logged: boolean,
    /** Request hooks and checks, in order. */
    readonly steps: readonly Step[],
    readonly responseSteps: readonly ResponseStep[],
    readonly terminal: Terminal,
    readonly errorPages: CompiledHooks["errorPages"] = [],
    /** State of {@link CHECK} and the last step, in a location that leads to an upstream. */
    readonly proxying: Proxying | null = null,
    /** Rare hooks. */
    readonly lifecycle: Lifecycle | null = null,
    /** Middleware that its requests may go through; they are chosen by the path that the location was found by. */
    readonly middleware: HostMiddleware | null = null,
    /** As {@link CompiledHooks.foreign}. */
    readonly foreign: boolean = false,
  ) {}

  /** Returns the page for an own answer without a body. */
  page(exchange: Exchange, answer: Answer): Answer {
    if (answer.body !== undefined || this.errorPages.length === 0) return answer;
    return this.errorPages.reduce((given, errorPage) => errorPage(exchange, given), answer);
  }

  /** Runs the location; `undefined` when the request has been forwarded. */
  run(c: ExchangeContext, route: Route): RequestVerdict | Promise<RequestVerdict> {
    route.location = this;
    route.chosen = null;
    route.fallback = null;
    route.exchange.location = this.facts;
    if (this.foreign) route.exchange.keep();
    route.exchange.upstreamName = null;
    if (this.lifecycle !== null && this.lifecycle.end.length > 0) (route.ending ??= []).push(...this.lifecycle.end);
    if (this.middleware !== null) route.chain = this.middleware.select(route.exchange);
    const verdict = runSteps(this.steps, c);
    if (verdict === undefined) return this.terminal(c, route);
    return isPromise(verdict) ? this.#goOn(verdict, c, route) : verdict;
  }

  #goOn(verdict: Promise<RequestVerdict>, c: ExchangeContext, route: Route): Promise<RequestVerdict> {
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
  ofHost: HostMiddleware | null = null,
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
  const withoutSteps = (terminal: Terminal): LocationRuntime =>
    new LocationRuntime(facts, logged, [], hooks.response, terminal, [], null, null, null, hooks.foreign);
  if (location.denied !== null) {
    return withoutSteps(deny(location.denied));
  }
  if (location.match.kind === "slash-redirect") {
    return withoutSteps((_c, route) => addSlash(route.exchange));
  }
  const embedded = ofHost?.mayReach(location) === true ? ofHost : null;
  const { rewrite, access, response, errorPages, foreign } = hooks;
  const lifecycle = lifecycleOf(hooks);
  if (location.backend.kind === "not-found") {
    const steps = [...rewrite, ...access];
    const terminal = around(hooks, embedded, () => NOT_FOUND, {
      proceed: () => pageResponse(404),
      maxBodyBytes: DEFAULT_MAX_BODY_BYTES,
      report: tables.sources.report,
    });
    return new LocationRuntime(
      facts,
      logged,
      steps,
      response,
      terminal,
      errorPages,
      null,
      lifecycle,
      embedded,
      foreign,
    );
  }
  let proxying: Proxying;
  try {
    proxying = new Proxying(location, location.backend, facts, tables);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    tables.sources.logger.error("cannot build the backends of a location, it answers 503", {
      host,
      path: location.path,
      cause,
    });
    return withoutSteps(deny(`the backends cannot be built: ${cause}`));
  }
  const steps = rewrite.length === 0 && access.length === 0 ? CHECK_ONLY : [...rewrite, CHECK, ...access];
  const terminal = around(hooks, embedded, proxy, {
    proceed: (route) => {
      proxying.forward(route as Route);
      return undefined;
    },
    maxBodyBytes: proxying.maxBodyBytes,
    report: tables.sources.report,
  });
  return new LocationRuntime(
    facts,
    logged,
    steps,
    response,
    terminal,
    errorPages,
    proxying,
    lifecycle,
    embedded,
    foreign,
  );
}

/** Puts middleware around what a location does, if it has any. */
function around(
  { middleware }: CompiledHooks,
  embedded: HostMiddleware | null,
  plain: Terminal,
  core: OnionCore,
): Terminal {
  const own: Chain | null = middleware.length === 0 ? null : chainOf(middleware);
  if (own === null && embedded === null) return plain;
  return (c, route) => {
    const chain = joinChains(own, route.chain);
    if (chain === null) return plain(c, route);
    // middleware may keep whatever it gets
    route.exchange.keep();
    return refused(route) ?? runOnion(chain, route, core);
  };
}

// Parts that locations share are made once, because there may be many thousands of locations.

/** Checks that the upstream has endpoints. */
const CHECK: Step = (c) => ((c.env as ServerExchange).route as Route).location!.proxying!.check(c);
const CHECK_ONLY: readonly Step[] = [CHECK];

/** Last step of a location that must not be served. */
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
 * Refuses unsafe paths: a rewrite can make `/../admin` of `/api../admin`, and a server that resolves it would answer
 * from outside of the paths of the Ingress. The answer is 400, where nginx forwards the request.
 */
function refused({ exchange }: Route): Answer | undefined {
  if (!exchange.rewritten) return undefined;
  if (hasDotSegment(exchange.path)) return UNSAFE_PATH;
  return exchange.query !== undefined && NO_TARGET.test(exchange.query) ? UNSAFE_QUERY : undefined;
}

/** The part of a location that leads to an upstream, or to one of several. */
class Proxying {
  readonly #tables: TableContext;
  readonly #facts: LocationFacts;
  readonly #settings: SchemeSettings;
  readonly #fallbackName: string | undefined;
  /** The only upstream, or the first. */
  #group: UpstreamGroup;
  /** `null`: there is only one upstream. */
  readonly #choice: BackendChoice | null;
  /** Facts of the location with the name of an upstream that a snippet has chosen, by that name. */
  #switched: Map<string, LocationFacts> | null = null;

  constructor(location: Location, backends: BackendSet, facts: LocationFacts, tables: TableContext) {
    this.#tables = tables;
    this.#facts = facts;
    const find = (name: string): UpstreamGroup => tables.sources.upstream(name);
    this.#group = find(backends.weighted[0]!.upstream);
    const isOnly = backends.conditional.length === 0 && backends.weighted.length === 1;
    this.#choice = isOnly ? null : new BackendChoice(backends, facts, find);
    this.#settings = compileForwardSettings(location, tables);
    this.#fallbackName = location.defaultBackend;
  }

  /** Longest request body; 0: no limit. */
  get maxBodyBytes(): number {
    return this.#settings.plain.maxBodyBytes;
  }

  /** See {@link CHECK}. */
  check(c: ExchangeContext): Answer | undefined | Promise<Answer | undefined> {
    const { upstreamName } = c.env;
    if (upstreamName !== null && upstreamName !== this.#group.name) return this.#switch(c, upstreamName);
    if (this.#choice !== null) return this.#choose(c, this.#choice);
    const available = this.#current().available();
    if (available === true) return undefined;
    if (available === false) return this.#withoutEndpoints(c, this.#group);
    return this.#checkLater(available, c);
  }

  #checkLater(available: Promise<boolean>, c: ExchangeContext): Promise<Answer | undefined> {
    return available.then((late) => late ? undefined : this.#withoutEndpoints(c, this.#group));
  }

  /** Chooses among several upstreams; see {@link BackendSet.whenEmpty}. */
  #choose(c: ExchangeContext, choice: BackendChoice): Answer | undefined | Promise<Answer | undefined> {
    const { main, emptyToMain } = choice;
    const chosen = choice.choose(c.env);
    if (chosen === main || !emptyToMain) {
      return whenKnown(chosen.group.available(), (available) => this.#take(c, chosen, available));
    }
    return whenKnown(main.group.available(), (mainAvailable) => {
      if (!mainAvailable) return this.#take(c, main, false);
      return whenKnown(chosen.group.available(), (available) => this.#take(c, available ? chosen : main, true));
    });
  }

  #take(c: ExchangeContext, { group, facts }: Candidate, available: boolean): Answer | undefined {
    const exchange = c.env as ServerExchange;
    exchange.location = facts;
    (exchange.route as Route).chosen = group;
    return available ? undefined : this.#withoutEndpoints(c, group);
  }

  /** Switches to the upstream that a snippet has chosen: one of the namespace, or the default backend of all hosts. */
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
    return whenKnown(group.available(), (available) => {
      if (available) return undefined;
      return name === DEFAULT_BACKEND ? NOT_FOUND : { status: 503, failure: group.whyNone() };
    });
  }

  #current(): UpstreamGroup {
    if (this.#group.retired) this.#group = this.#tables.sources.upstream(this.#group.name);
    return this.#group;
  }

  #withoutEndpoints(c: ExchangeContext, group: UpstreamGroup): Answer | undefined {
    if (group.name === DEFAULT_BACKEND) return NOT_FOUND;
    if (this.#fallbackName === undefined) return { status: 503, failure: group.whyNone() };
    const fallback = this.#tables.sources.upstream(this.#fallbackName);
    if (fallback.available() !== true) return { status: 503, failure: group.whyNone() };
    ((c.env as ServerExchange).route as Route).fallback = fallback;
    return undefined;
  }

  /** Forwards the request. */
  forward(route: Route): void {
    const { exchange } = route;
    let fieldBlock = this.#tables.requestFields.block(exchange);
    if (route.fallback !== null) fieldBlock += explain503(exchange, this.#facts);
    const group = route.fallback ?? route.chosen ?? this.#group;
    const plain = route.fallback !== null || group.name === DEFAULT_BACKEND;
    const settings = plain ? this.#settings.plain : this.#settings[exchange.scheme];
    const plan = route.plan(settings, group, targetOf(exchange), fieldBlock);
    if (route.tap === null) exchange.forward(plan);
    else exchange.forward(plan, route.tap);
  }
}

/** Goes on with a value, at once unless it has to be waited for. */
function whenKnown<T>(
  value: boolean | Promise<boolean>,
  goOn: (value: boolean) => T | Promise<T>,
): T | Promise<T> {
  return isPromise(value) ? value.then(goOn) : goOn(value);
}

/** Request-target for the upstream: that of the client, unless a rewrite has changed it. */
function targetOf(exchange: ServerExchange): string {
  if (!exchange.rewritten) return exchange.target;
  const path = encodePath(exchange.path);
  return exchange.query === undefined || exchange.query === "" ? path : `${path}?${exchange.query}`;
}

/** nginx's redirect of a request for a prefix location without the last slash. */
function addSlash(exchange: ServerExchange): Answer {
  const query = exchange.query === undefined ? "" : `?${exchange.query}`;
  const location = redirectLocation(exchange, `${encodePath(exchange.path)}/${query}`);
  return { status: 301, fields: [["Location", location]] };
}

/** Fields for the service of the annotation default-backend. */
function explain503(exchange: ServerExchange, facts: LocationFacts): string {
  const format = exchange.request.get("accept") ?? "";
  return `X-Code: 503\r\n${format === "" ? "" : `X-Format: ${format}\r\n`}X-Namespace: ${facts.namespace}\r\n` +
    `X-Ingress-Name: ${facts.ingressName}\r\nX-Service-Name: ${facts.serviceName}\r\n` +
    `X-Service-Port: ${facts.servicePort}\r\n`;
}

function isDefaultBackend({ backend }: Location): boolean {
  return backend.kind === "not-found" || backend.weighted[0]!.upstream === DEFAULT_BACKEND;
}

function factsOf({ ingress, backend, path, policies }: Location): LocationFacts {
  const main = backend.kind === "upstreams" ? backend.weighted[0]! : undefined;
  const form = policies["redirect-form"];
  return {
    namespace: ingress?.namespace ?? "",
    ingressName: ingress?.name ?? "",
    serviceName: main?.serviceName ?? "",
    servicePort: main?.servicePort ?? "",
    path,
    upstreamName: main?.upstream ?? DEFAULT_BACKEND,
    alternativeUpstreamName: "",
    ...form === undefined ? {} : { redirectForm: form },
  };
}
