/**
 * Cookie affinity: a client stays with the endpoint that its cookie stands for. Whoever comes without a cookie, or with
 * one that stands for nobody, is given an endpoint at random and told so by {@link Exchange.affinityCookie}.
 *
 * A client keeps its endpoint though that fails, unless changeOnFailure is set; and though it is suspected, for its session
 * is there.
 *
 * @module
 */
import process from "node:process";
import type { Exchange } from "../../http/mod.ts";
import { formatAuthority } from "../../net/mod.ts";
import type { BalancerSpec, Endpoint } from "../../snapshot/snapshot.ts";
import { CookieCodec, md5 } from "./affinity-cookie.ts";
import type { Balancer, WeightedEndpoint } from "./contract.ts";
import { Ring } from "./ring.ts";
import { NOBODY, passedOver, wasTried } from "./tried.ts";

/** Keys made up in search of one whose endpoint has not been tried. */
const MAX_KEYS = 20;

/** What the snapshot says of a sticky upstream. */
export type StickySpec = Extract<BalancerSpec, { readonly kind: "sticky" }>;

export interface StickyOptions {
  /** Name of the upstream; the same in all replicas, for it is in the cookies. */
  readonly upstream: string;
  readonly spec: StickySpec;
  readonly random?: () => number;
  /** Milliseconds since the epoch. */
  readonly nowMs?: () => number;
}

/** Which endpoint a key stands for, and keys for new clients. */
interface KeyScheme {
  update(endpoints: readonly Endpoint[]): void;
  find(key: string): Endpoint | undefined;
  /** An endpoint that is not among `skip`, and a key for it; `undefined`: no key was found. */
  choose(skip: readonly Endpoint[]): { readonly endpoint: Endpoint; readonly key: string } | undefined;
}

/** Balancer of annotation affinity. */
export class Sticky implements Balancer {
  readonly #changeOnFailure: boolean;
  readonly #cookies: CookieCodec;
  readonly #keys: KeyScheme;
  readonly #random: () => number;
  #endpoints: readonly Endpoint[] = NOBODY;

  constructor({ upstream, spec, random = Math.random, nowMs = Date.now }: StickyOptions) {
    this.#changeOnFailure = spec.changeOnFailure;
    this.#cookies = new CookieCodec(upstream, spec.cookie, nowMs);
    this.#keys = spec.mode === "persistent" ? new EndpointKeys(upstream, random) : new RandomKeys(random, nowMs);
    this.#random = random;
  }

  update(endpoints: readonly WeightedEndpoint[]): void {
    this.#endpoints = endpoints.map(({ endpoint }) => endpoint);
    this.#keys.update(this.#endpoints);
  }

  pick(exchange: Exchange, tried: readonly Endpoint[], suspects: readonly Endpoint[] = NOBODY): Endpoint | undefined {
    const endpoints = this.#endpoints;
    if (endpoints.length === 0) return undefined;
    const key = this.#cookies.read(exchange);
    const bound = key === undefined ? undefined : this.#keys.find(key);
    if (bound !== undefined && (tried.length === 0 || !this.#changeOnFailure)) return bound;
    const skip = passedOver(tried, suspects, endpoints.length);
    const chosen = this.#keys.choose(skip);
    if (chosen === undefined) {
      // there is an endpoint, but no key for it: the client will be bound when it comes again
      exchange.affinityCookie = null;
      const free = endpoints.filter((each) => !wasTried(skip, each));
      return free[Math.floor(this.#random() * free.length)] ?? endpoints[0];
    }
    exchange.affinityCookie = chosen.endpoint === bound ? null : this.#cookies.format(chosen.key, exchange);
    return chosen.endpoint;
  }
}

/** `balanced`: any key stands for an endpoint, by consistent hashing. */
class RandomKeys implements KeyScheme {
  #ring: Ring<Endpoint> = new Ring<Endpoint>([]);

  constructor(readonly random: () => number, readonly nowMs: () => number) {}

  update(endpoints: readonly Endpoint[]): void {
    this.#ring = new Ring(endpoints.map((endpoint) => [formatAuthority(endpoint.address, endpoint.port), endpoint]));
  }

  find(key: string): Endpoint | undefined {
    const at = this.#ring.find(key);
    return at < 0 ? undefined : this.#ring.at(at);
  }

  choose(skip: readonly Endpoint[]): { readonly endpoint: Endpoint; readonly key: string } | undefined {
    for (let i = 1; i <= MAX_KEYS; i++) {
      const key = `${(this.nowMs() / 1000 + i).toFixed(3)}.${process.pid}.${Math.floor(this.random() * 1_000_000)}`;
      const endpoint = this.find(key);
      if (endpoint !== undefined && !wasTried(skip, endpoint)) return { endpoint, key };
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
    const free = skip.length === 0 ? this.#all : this.#all.filter(({ endpoint }) => !wasTried(skip, endpoint));
    return free[Math.floor(this.random() * free.length)];
  }
}
