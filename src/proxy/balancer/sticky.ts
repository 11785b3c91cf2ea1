/**
 * Cookie affinity: a client stays with the endpoint that its cookie names. A client without a cookie, or whose cookie names
 * no endpoint, gets a random endpoint and a cookie ({@link Exchange.affinityCookie}).
 *
 * A client keeps its endpoint when that fails, unless changeOnFailure is set. It also keeps an ejected endpoint, because its
 * session is there.
 *
 * @module
 */
import process from "node:process";
import type { Exchange } from "../../http/mod.ts";
import { formatAuthority } from "../../net/mod.ts";
import type { BalancerSpec, Endpoint } from "../../snapshot/snapshot.ts";
import { CookieCodec, md5 } from "./affinity-cookie.ts";
import type { Balancer } from "./contract.ts";
import { drawByWeight } from "./draw.ts";
import { Ring } from "./ring.ts";
import { endpointsToSkip, includesEndpoint, NO_ENDPOINTS } from "./endpoint-list.ts";

/** Random keys that are tested for an endpoint that may be picked. */
const MAX_KEYS = 20;

/** What the snapshot says of a sticky upstream. */
export type StickySpec = Extract<BalancerSpec, { readonly kind: "sticky" }>;

export interface StickyOptions {
  /** Name of the upstream; cookies contain its hash, so it is the same in all replicas. */
  readonly upstream: string;
  readonly spec: StickySpec;
  readonly random?: () => number;
  /** Milliseconds since the epoch. */
  readonly nowMs?: () => number;
}

/** Maps keys to endpoints, and makes keys for new clients. */
interface KeyScheme {
  update(endpoints: readonly Endpoint[]): void;
  find(key: string): Endpoint | undefined;
  /** An endpoint that `skip` does not contain, and a key for it; `undefined` when no key is found. */
  choose(skip: readonly Endpoint[]): { readonly endpoint: Endpoint; readonly key: string } | undefined;
}

/** Balancer of annotation affinity. */
export class Sticky implements Balancer {
  readonly #changeOnFailure: boolean;
  readonly #cookies: CookieCodec;
  readonly #keys: KeyScheme;
  readonly #random: () => number;
  #endpoints: readonly Endpoint[] = NO_ENDPOINTS;

  constructor({ upstream, spec, random = Math.random, nowMs = Date.now }: StickyOptions) {
    this.#changeOnFailure = spec.changeOnFailure;
    this.#cookies = new CookieCodec(upstream, spec.cookie, nowMs);
    this.#keys = spec.mode === "persistent" ? new EndpointKeys(upstream, random) : new RandomKeys(random, nowMs);
    this.#random = random;
  }

  update(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
    this.#keys.update(this.#endpoints);
  }

  pick(
    exchange: Exchange,
    tried: readonly Endpoint[],
    ejected: readonly Endpoint[] = NO_ENDPOINTS,
  ): Endpoint | undefined {
    const endpoints = this.#endpoints;
    if (endpoints.length === 0) return undefined;
    const key = this.#cookies.read(exchange);
    const bound = key === undefined ? undefined : this.#keys.find(key);
    if (bound !== undefined && (tried.length === 0 || !this.#changeOnFailure)) return bound;
    const skip = endpointsToSkip(tried, ejected, endpoints.length);
    const chosen = this.#keys.choose(skip);
    if (chosen === undefined) {
      // no key leads to a free endpoint: this request goes without a cookie, and the next one of the client gets it
      exchange.affinityCookie = null;
      const free = endpoints.filter((each) => !includesEndpoint(skip, each));
      return drawByWeight(free, ({ weight }) => weight, this.#random) ?? endpoints[0];
    }
    exchange.affinityCookie = chosen.endpoint === bound ? null : this.#cookies.format(chosen.key, exchange);
    return chosen.endpoint;
  }

  isBound(exchange: Exchange): boolean {
    return this.#cookies.isOurs(exchange);
  }
}

/** `balanced`: consistent hashing maps any key to an endpoint. */
class RandomKeys implements KeyScheme {
  #ring: Ring<Endpoint> = new Ring<Endpoint>([]);

  constructor(readonly random: () => number, readonly nowMs: () => number) {}

  update(endpoints: readonly Endpoint[]): void {
    this.#ring = new Ring(endpoints.map((endpoint) => {
      const { address, port, weight } = endpoint;
      return [formatAuthority(address, port), endpoint, weight];
    }));
  }

  find(key: string): Endpoint | undefined {
    const at = this.#ring.find(key);
    return at < 0 ? undefined : this.#ring.at(at);
  }

  choose(skip: readonly Endpoint[]): { readonly endpoint: Endpoint; readonly key: string } | undefined {
    for (let i = 1; i <= MAX_KEYS; i++) {
      const key = `${(this.nowMs() / 1000 + i).toFixed(3)}.${process.pid}.${Math.floor(this.random() * 1_000_000)}`;
      const endpoint = this.find(key);
      if (endpoint !== undefined && !includesEndpoint(skip, endpoint)) return { endpoint, key };
    }
    return undefined;
  }
}

/** `persistent`: each endpoint has a key of its own. */
class EndpointKeys implements KeyScheme {
  #byKey: ReadonlyMap<string, Endpoint> = new Map();
  #all: readonly { readonly endpoint: Endpoint; readonly key: string }[] = [];

  constructor(readonly upstream: string, readonly random: () => number) {}

  update(endpoints: readonly Endpoint[]): void {
    this.#all = endpoints.map((endpoint) => {
      return { endpoint, key: md5(this.upstream + formatAuthority(endpoint.address, endpoint.port)) };
    });
    this.#byKey = new Map(this.#all.map(({ endpoint, key }) => [key, endpoint]));
  }

  find(key: string): Endpoint | undefined {
    return this.#byKey.get(key);
  }

  choose(skip: readonly Endpoint[]): { readonly endpoint: Endpoint; readonly key: string } | undefined {
    const free = skip.length === 0 ? this.#all : this.#all.filter(({ endpoint }) => !includesEndpoint(skip, endpoint));
    return drawByWeight(free, ({ endpoint }) => endpoint.weight, this.random);
  }
}
