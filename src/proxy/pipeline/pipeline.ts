/**
 * The way of a request from the wire to an upstream, and of its response back: host, client address, host policies,
 * location, location policies, proxying; response policies; log.
 *
 * @module
 */
import { findReplacement, runEndHooks, transformBody } from "./lifecycle.ts";
import { type Answer, badRequestPage } from "../../http/mod.ts";
import { MAX_REWRITE_ROUNDS } from "../../nginx/mod.ts";
import type { FailureLog, InternalErrorLog } from "../../observe/mod.ts";
import { type ExchangeContext, type RequestVerdict, SEARCH_AGAIN } from "../../policy/mod.ts";
import type { ProxyError, ProxyErrorCode } from "../../proxy-error.ts";
import type { ExchangeHandler, ServerExchange } from "../contract.ts";
import { FailureReport } from "./failure-report.ts";
import { ExchangeApp, makeEntry, type RouterEntry } from "./exchange-app.ts";
import { responseOf } from "./http-exception.ts";
import { isGone } from "./onion.ts";
import { isPromise, runResponseSteps, type Step } from "./hook-chain.ts";
import type { LocationRuntime } from "./location-runtime.ts";
import type { HostRuntime } from "./host-runtime.ts";
import { Route as RouteOf } from "./route.ts";
import type { Tables } from "./tables.ts";

type Route = RouteOf<HostRuntime, LocationRuntime>;

/** Refusals whose pages name the reason, as in nginx. */
const REASONED_PAGES: Partial<Readonly<Record<ProxyErrorCode, string>>> = {
  "downstream-fields-too-large": badRequestPage("Request Header Or Cookie Too Large"),
  "downstream-plain-http": badRequestPage("The plain HTTP request was sent to HTTPS port"),
};

/** Dependencies of the pipeline. */
export interface PipelineOptions {
  readonly internalErrors: InternalErrorLog;
  readonly tables: Tables;
  /** Takes failures of requests that no upstream answered. */
  readonly failures: FailureLog;
  /** Writes the line of an ended exchange. `quiet`: its location is not logged. */
  log(exchange: ServerExchange, quiet: boolean): void;
}

/** The handler that the wire calls. */
export class Pipeline implements ExchangeHandler {
  readonly #tables: Tables;
  readonly #log: PipelineOptions["log"];
  readonly #errors: InternalErrorLog;
  readonly #failures: FailureReport;
  readonly #app: ExchangeApp;
  readonly #hostEntry: RouterEntry;
  readonly #locationEntry: RouterEntry;
  readonly #lostEntry: RouterEntry;
  /** Number of ended requests, malformed ones included. */
  requests = 0;
  /** Number of requests refused because a rewrite made their path unsafe. */
  unsafePaths = 0;

  constructor(options: PipelineOptions) {
    this.#tables = options.tables;
    this.#log = options.log;
    this.#errors = options.internalErrors;
    this.#failures = new FailureReport(options.failures, options.tables);
    this.#app = new ExchangeApp(
      (exchange) => this.#find(exchange.route as Route),
      (exchange, error) => this.#crash(exchange, error),
    );
    this.#hostEntry = makeEntry((c) => this.#runHost(c));
    this.#locationEntry = makeEntry((c) => {
      const route = (c.env as ServerExchange).route as Route;
      route.context = c;
      this.#settle(route, route.location!.run(c, route));
    });
    this.#lostEntry = makeEntry((c) => (c.env as ServerExchange).answer({ status: 404 }));
  }

  request(exchange: ServerExchange): void {
    try {
      if (this.#begin(exchange)) this.#app.dispatch(exchange);
    } catch (error) {
      this.#crash(exchange, error);
    }
  }

  /** Throws or rejects when a hook does: a response whose fields are not complete is not sent. */
  responseHead(exchange: ServerExchange): void | Promise<void> {
    try {
      const pending = this.#responseHead(exchange);
      return pending === undefined ? undefined : pending.catch((error) => this.#replaceBy(exchange, error));
    } catch (error) {
      this.#replaceBy(exchange, error);
    }
  }

  #replaceBy(exchange: ServerExchange, error: unknown): void {
    const route = exchange.route as Route | null;
    const response = route === null || route.thrown ? null : responseOf(error);
    if (response === null) throw error;
    route!.thrown = true;
    route!.replaced = true;
    exchange.replace(response);
  }

  #responseHead(exchange: ServerExchange): void | Promise<void> {
    const route = exchange.route as Route | null;
    if (route === null) {
      this.#tables.context?.responseFields.apply(exchange);
      return;
    }
    const replace = route.location?.lifecycle?.replace;
    if (replace !== undefined && replace.length > 0 && !route.replaced && route.context !== null) {
      const found = findReplacement(route.context, replace);
      if (isPromise(found)) return this.#replaceLater(route, found);
      return this.#replaceOr(route, found);
    }
    return this.#editHead(route);
  }

  #replaceLater(route: Route, found: Promise<Answer | undefined>): Promise<void> {
    return found.then((late) => this.#replaceOr(route, late));
  }

  #replaceOr(route: Route, answer: Answer | undefined): void | Promise<void> {
    if (answer === undefined) return this.#editHead(route);
    route.replaced = true;
    route.exchange.replace(answer);
  }

  failure(exchange: ServerExchange, error: ProxyError): Answer {
    if (error.source === "downstream") {
      const body = REASONED_PAGES[error.code];
      return body === undefined ? { status: error.status, close: true } : { status: error.status, close: true, body };
    }
    const location = (exchange.route as Route | null)?.location ?? null;
    const answer: Answer = { status: error.status };
    if (error.status > 500) this.#failures.failed(exchange, error.status, error.code, error.message);
    return location === null ? answer : location.page(exchange, answer);
  }

  attemptFailed(exchange: ServerExchange, error: ProxyError): void {
    this.#failures.attemptFailed(exchange, error);
  }

  end(exchange: ServerExchange): void {
    const route = exchange.route as Route | null;
    this.requests++;
    if (route !== null && route.ending !== null) {
      runEndHooks(exchange, route.ending, (error) => this.#errors.report(error, "end hook"));
    }
    try {
      this.#log(exchange, route?.location?.logged === false);
    } catch (error) {
      this.#errors.report(error, "access log");
    }
  }

  /** Sets the properties of the request that hooks, log and upstream use; false when the request has been answered. */
  #begin(exchange: ServerExchange): boolean {
    const { authority, connection } = exchange;
    const found = this.#tables.match(authority);
    if (found === undefined) {
      exchange.answer({ status: 503 });
      return false;
    }
    const host = found.value;
    const { tables } = host;
    exchange.route = new RouteOf<HostRuntime, LocationRuntime>(host, exchange);
    if (authority === "") exchange.host = host.host.name;
    if (found.groups !== null) setVariables(exchange, found.groups);

    exchange.clientAddress = tables.clientAddress.of(exchange);
    // a request without Host gets the name of the virtual host, `_` for the catch-all
    exchange.forwardedHost = authority === "" ? exchange.host : authority;
    exchange.forwardedScheme = tables.forwarded.schemeOf(connection);
    exchange.forwardedPort = tables.forwarded.portOf(connection);
    tables.forwarded.believe(exchange);
    if (!tables.globals.headers.generateRequestId) exchange.requestId = exchange.request.get("x-request-id") ?? "";
    return true;
  }

  /** Returns the handler for Hono's router. */
  #find(route: Route): RouterEntry {
    if (route.host.foreign) route.exchange.keep();
    if (route.host.hasSteps) return this.#hostEntry;
    const location = this.#search(route);
    if (location === null) return this.#lostEntry;
    route.location = location;
    return this.#locationEntry;
  }

  #search(route: Route): LocationRuntime | null;
  #search(route: Route, withBlocks: true): LocationRuntime | Step | null;
  #search(route: Route, withBlocks = false): LocationRuntime | Step | null {
    const { exchange } = route;
    route.rounds++;
    const hit = route.host.find(exchange.path);
    const block = withBlocks ? route.host.block(exchange, hit) : undefined;
    if (block !== undefined) return block;
    if (hit === undefined) return null;
    if (hit.captures !== null) {
      const { captures } = hit;
      exchange.captures = captures;
      if (hit.groups !== null) {
        const groups: [string, string][] = [];
        for (const [name, index] of hit.groups) groups.push([name.toLowerCase(), captures[index] ?? ""]);
        setVariables(exchange, groups);
      }
    }
    return hit.value.runtime;
  }

  /** Runs the policies of a host, then its location. */
  #runHost(c: ExchangeContext): void {
    const route = (c.env as ServerExchange).route as Route;
    route.context = c;
    const verdict = route.host.runSteps(c);
    this.#settle(route, verdict === undefined ? SEARCH_AGAIN : verdict, true);
  }

  /** Acts on a verdict. `ofHost`: without a verdict, the location follows. */
  #settle(route: Route, verdict: RequestVerdict | Promise<RequestVerdict>, ofHost = false): void {
    const { exchange } = route;
    if (verdict === undefined) {
      if (ofHost) this.#again(route);
    } else if (verdict === SEARCH_AGAIN) {
      this.#again(route);
    } else if (isPromise(verdict)) {
      this.#settleLater(route, verdict, ofHost);
    } else if (verdict instanceof Response) {
      route.settled = true;
      exchange.respond(verdict);
    } else {
      route.settled = true;
      const { failure } = verdict;
      if (failure?.code === "unsafe-path") this.unsafePaths++;
      if (failure !== undefined) this.#failures.failed(exchange, verdict.status, failure.code, failure.cause);
      exchange.answer(route.location === null ? verdict : route.location.page(exchange, verdict));
    }
  }

  #settleLater(route: Route, verdict: Promise<RequestVerdict>, ofHost: boolean): void {
    verdict.then((late) => this.#settle(route, late, ofHost)).catch((error) => this.#crash(route.exchange, error));
  }

  #again(route: Route): void {
    const { exchange } = route;
    if (route.rounds > MAX_REWRITE_ROUNDS) {
      this.#settle(route, { status: 500 });
      return;
    }
    exchange.rewriteEnded = false;
    const location = this.#search(route, true);
    if (typeof location === "function") {
      // a block of a snippet: its answer belongs to no location
      route.location = null;
      exchange.location = null;
      this.#settle(route, location(route.context!));
    } else this.#settle(route, location === null ? { status: 404 } : location.run(route.context!, route));
  }

  #editHead(route: Route): void | Promise<void> {
    const { exchange, host, context, location } = route;
    host.tables.responseFields.apply(exchange);
    if (context === null) return;
    if (location !== null && location.lifecycle !== null && location.lifecycle.body.length > 0) {
      transformBody(context, location.lifecycle.body);
    }
    const ofHost = host.responseSteps;
    const ofLocation = location === null ? ofHost : location.responseSteps;
    if (location === null || ofHost.length === 0) return runResponseSteps(ofLocation, context);
    return runResponseSteps([...ofHost, ...ofLocation], context);
  }

  /** Reports the error and answers 500, or what an HTTPException says, unless an answer is on its way. */
  #crash(exchange: ServerExchange, error: unknown): void {
    if (isGone(error)) return;
    const response = responseOf(error);
    const route = exchange.route as Route | null;
    if (response === null || route?.settled === true) this.#errors.report(error, "pipeline");
    if (route?.settled === true) return;
    if (route !== null) route.settled = true;
    try {
      if (response !== null) exchange.respond(response);
      else exchange.answer({ status: 500 });
    } catch (second) {
      this.#errors.report(second, "pipeline");
    }
  }
}

function setVariables(exchange: ServerExchange, groups: readonly (readonly [string, string])[]): void {
  const variables = exchange.variables ??= new Map();
  for (const [name, value] of groups) variables.set(name, value);
}
