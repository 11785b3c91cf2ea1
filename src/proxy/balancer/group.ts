/**
 * One upstream as the pipeline uses it: its balancer, fed by the snapshot or, for a name, by look-ups. A group outlives
 * updates of its upstream, so what its balancer knows is kept.
 *
 * @module
 */
import type { Logger } from "../../observe/mod.ts";
import type { AnswerFailure, Exchange } from "../../http/exchange.ts";
import type { BalancerSpec, Endpoint, Upstream } from "../../snapshot/snapshot.ts";
import { compileTemplate, parseTemplate } from "../../nginx/mod.ts";
import { ConsistentHash } from "./consistent-hash.ts";
import type { AttemptOutcome } from "../contract.ts";
import type { Balancer } from "./contract.ts";
import { Ewma } from "./ewma.ts";
import { RoundRobin } from "./round-robin.ts";
import { type Resolve, resolve } from "./resolver.ts";
import { Sticky } from "./sticky.ts";
import { OutlierDetection } from "./outlier-detection.ts";

/** A name is looked up again for this long after the last request that needed it. */
const IDLE_MS = 60_000;
/** Cause when the name does not exist, or has loopback addresses only. */
const NO_ADDRESS = "has no address that may be used";

/** Makes the balancer that an upstream asks for. */
function makeBalancer(spec: BalancerSpec, logger: Logger, upstream: string): Balancer {
  switch (spec.kind) {
    case "round-robin":
      return new RoundRobin();
    case "ewma":
      return new Ewma();
    case "hash":
      try {
        return new ConsistentHash({ key: compileTemplate(parseTemplate(spec.key)), subsetSize: spec.subsetSize });
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        logger.error("cannot read upstream-hash-by: the endpoints take turns", { upstream, cause });
        return new RoundRobin();
      }
    case "sticky":
      return new Sticky({ upstream, spec });
    default:
      return spec satisfies never;
  }
}

/** Substitutes and callbacks of a group. */
export interface UpstreamGroupOptions {
  readonly resolve?: Resolve;
  /** Milliseconds, never going back. */
  readonly nowMs?: () => number;
  /** Told of every change of the endpoints, by an update or a look-up. */
  readonly onChange?: (before: readonly Endpoint[], after: readonly Endpoint[]) => void;
}

/** One upstream of the tables. */
export class UpstreamGroup {
  #upstream: Upstream | null = null;
  #balancer: Balancer = new RoundRobin();
  #endpoints: readonly Endpoint[] = [];
  /** The group is no longer in the tables; the caller looks the name up there again. */
  retired = false;
  readonly #outliers: OutlierDetection;
  readonly #logger: Logger;
  readonly #resolve: Resolve;
  readonly #onChange: UpstreamGroupOptions["onChange"];
  #lookup: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #resolvedOnce = false;
  #askedMs = 0;
  /** Why the last look-up found no address. */
  #unresolved = NO_ADDRESS;

  constructor(readonly name: string, logger: Logger, options: UpstreamGroupOptions = {}) {
    this.#logger = logger;
    this.#resolve = options.resolve ?? resolve;
    this.#outliers = new OutlierDetection(options.nowMs);
    this.#onChange = options.onChange;
  }

  /** Of its Service; `undefined` while the snapshot has no upstream of this name. */
  get namespace(): string | undefined {
    return this.#upstream?.namespace;
  }

  /** Takes over what the snapshot says. */
  update(upstream: Upstream): void {
    const former = this.#upstream;
    this.#upstream = upstream;
    if (former === null || JSON.stringify(former.balancer) !== JSON.stringify(upstream.balancer)) {
      this.#balancer = makeBalancer(upstream.balancer, this.#logger, this.name);
      // look-ups do not repeat the endpoints that they have found
      this.#feed();
    }
    if (upstream.dns === null) {
      this.#stopLookups();
      this.#setEndpoints(upstream.endpoints);
    } else if (former?.dns?.hostname !== upstream.dns.hostname || former.dns.port !== upstream.dns.port) {
      this.#stopLookups();
      this.#setEndpoints([]);
      this.#askedMs = Date.now();
      this.#look();
    }
  }

  /** The upstream is no longer in the snapshot: no new request gets an endpoint of it. */
  retire(): void {
    this.retired = true;
    this.#stopLookups();
    this.#setEndpoints([]);
  }

  /** Whether there is an endpoint; a promise only while a name is looked up for the first time. */
  available(): boolean | Promise<boolean> {
    if (this.#upstream === null || this.#upstream.dns === null) return this.#endpoints.length > 0;
    this.#askedMs = Date.now();
    // the addresses of a name that went unused are stale: it is looked up before the request goes on
    if (this.#timer === undefined && this.#lookup === null && !this.retired) this.#look();
    if (this.#resolvedOnce || this.#lookup === null) return this.#endpoints.length > 0;
    return this.#lookup.then(() => this.#endpoints.length > 0);
  }

  /** Why there is no endpoint, when there is none. */
  whyNone(): AnswerFailure {
    const hostname = this.#upstream?.dns?.hostname;
    return hostname === undefined
      ? { code: "upstream-none", cause: "the Service has no endpoint that is ready" }
      : { code: "upstream-unresolved", cause: `the external name "${hostname}" ${this.#unresolved}` };
  }

  /** Endpoint for the next attempt. */
  pick(exchange: Exchange, tried: readonly Endpoint[]): Endpoint | undefined {
    const endpoint = this.#balancer.pick(exchange, tried, this.#outliers.ejected());
    if (endpoint !== undefined) this.#outliers.picked(endpoint);
    return endpoint;
  }

  /** The client has been bound to this upstream before. */
  isBound(exchange: Exchange): boolean {
    return this.#balancer.isBound?.(exchange) === true;
  }

  /** Number of endpoints. */
  get size(): number {
    return this.#endpoints.length;
  }

  /** Tells the balancer how an attempt went. */
  observe(endpoint: Endpoint, outcome: AttemptOutcome, elapsedMs: number): void {
    this.#outliers.observe(endpoint, outcome, elapsedMs);
    this.#balancer.observe?.(endpoint, outcome === "answered" ? outcome : "failed", elapsedMs);
  }

  #setEndpoints(endpoints: readonly Endpoint[]): void {
    const before = this.#endpoints;
    this.#endpoints = endpoints;
    this.#outliers.update(endpoints);
    this.#feed();
    this.#onChange?.(before, endpoints);
  }

  #feed(): void {
    this.#balancer.update(this.#endpoints);
  }

  #stopLookups(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lookup = null;
    this.#resolvedOnce = false;
  }

  #look(): void {
    const target = this.#upstream?.dns;
    if (target === null || target === undefined) return;
    const lookup: Promise<void> = this.#resolve(target.hostname).then((resolution) => {
      // an update has started another look-up
      if (this.#lookup !== lookup) return;
      this.#lookup = null;
      this.#resolvedOnce = true;
      switch (resolution.kind) {
        case "found":
          this.#setEndpoints(
            resolution.addresses.map((address) => ({ address, port: target.port, pod: "", weight: 1 })),
          );
          break;
        case "none":
          this.#unresolved = NO_ADDRESS;
          if (this.#endpoints.length > 0) {
            this.#logger.warning("the name of an upstream has no address any more", this.#fields());
          }
          this.#setEndpoints([]);
          break;
        case "failed":
          this.#unresolved = `cannot be resolved: ${resolution.message}`;
          this.#logger.warning("cannot look up the name of an upstream", {
            ...this.#fields(),
            cause: resolution.message,
          });
          break;
        default:
          resolution satisfies never;
      }
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        if (Date.now() - this.#askedMs < IDLE_MS) this.#look();
        else this.#resolvedOnce = false;
      }, resolution.ttlMs);
      this.#timer.unref?.();
    });
    this.#lookup = lookup;
  }

  #fields(): Record<string, string> {
    return { upstream: this.name, hostname: this.#upstream?.dns?.hostname ?? "" };
  }
}
