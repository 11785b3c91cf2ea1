/**
 * Smooth weighted round robin: endpoints take turns in proportion to their weights, a heavy one never in a row when it
 * can be avoided. Starts anywhere, so that several processes do not send all their first requests to one endpoint.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_upstream_module.html
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";
import { type Balancer, endpointKey, type WeightedEndpoint } from "./contract.ts";
import { NOBODY, passedOver, wasTried } from "./tried.ts";

interface Peer {
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly weight: number;
  /** Grows by the weight with every pick, falls by the total when picked. */
  current: number;
}

/** Default balancer. */
export class RoundRobin implements Balancer {
  #peers: readonly Peer[] = [];
  /** All weights are the same: plain turns, at the cost of one addition. */
  #even = true;
  #next = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  update(endpoints: readonly WeightedEndpoint[]): void {
    const former = new Map<string, Peer>();
    for (const peer of this.#peers) former.set(peer.key, peer);
    const order = this.#peers;
    const start = this.#next;
    const peers: Peer[] = [];
    for (const { endpoint, weight } of endpoints) {
      const key = endpointKey(endpoint);
      peers.push({ key, endpoint, weight, current: former.get(key)?.current ?? 0 });
    }
    this.#even = peers.every((peer) => peer.weight === peers[0]!.weight);
    this.#next = this.#resume(order, start, peers);
    if (this.#peers.length === 0 && !this.#even) {
      this.#peers = peers;
      // a random start of the smooth sequence: some picks for nobody
      const total = peers.reduce((sum, peer) => sum + peer.weight, 0);
      for (let i = Math.floor(this.#random() * Math.min(total, 64)); i > 0; i--) this.#smooth(NOBODY);
      return;
    }
    this.#peers = peers;
  }

  /** Index of the endpoint whose turn it would have been, else of the one after it that stays; random if none does. */
  #resume(former: readonly Peer[], start: number, peers: readonly Peer[]): number {
    const places = new Map(peers.map((peer, i) => [peer.key, i]));
    for (let i = 0; i < former.length; i++) {
      const place = places.get(former[(start + i) % former.length]!.key);
      if (place !== undefined) return place;
    }
    return Math.floor(this.#random() * peers.length);
  }

  pick(_exchange: unknown, tried: readonly Endpoint[], suspects: readonly Endpoint[] = NOBODY): Endpoint | undefined {
    const size = this.#peers.length;
    if (size === 0) return undefined;
    const skip = passedOver(tried, suspects, size);
    if (!this.#even) return this.#smooth(skip);
    let next = this.#next;
    for (let i = 0; i < size && wasTried(skip, this.#peers[next]!.endpoint); i++) {
      next = next + 1 === size ? 0 : next + 1;
    }
    this.#next = next + 1 === size ? 0 : next + 1;
    return this.#peers[next]!.endpoint;
  }

  /** Those passed over neither gain nor lose by it: coming back, they have nothing to catch up on. */
  #smooth(skip: readonly Endpoint[]): Endpoint | undefined {
    let best: Peer | undefined;
    let total = 0;
    for (const peer of this.#peers) {
      if (skip.length > 0 && wasTried(skip, peer.endpoint)) continue;
      peer.current += peer.weight;
      total += peer.weight;
      if (best === undefined || peer.current > best.current) best = peer;
    }
    if (best === undefined) return this.#peers[0]?.endpoint;
    best.current -= total;
    return best.endpoint;
  }
}
