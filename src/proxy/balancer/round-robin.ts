/**
 * Smooth weighted round robin: endpoints take turns in proportion to their weights, and the turns of a heavy endpoint are
 * spread out. The first turn is random, so that processes do not all send their first request to the same endpoint.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_upstream_module.html
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";
import { type Balancer, endpointKey } from "./contract.ts";
import { endpointsToSkip, includesEndpoint, NO_ENDPOINTS } from "./endpoint-list.ts";

interface Peer {
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly weight: number;
  /** Each pick adds the weight; being picked subtracts the sum of all weights. */
  current: number;
}

/** Default balancer. */
export class RoundRobin implements Balancer {
  #peers: readonly Peer[] = [];
  /** All weights are equal: an index is enough. */
  #even = true;
  #next = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  update(endpoints: readonly Endpoint[]): void {
    const former = new Map<string, Peer>();
    for (const peer of this.#peers) former.set(peer.key, peer);
    const order = this.#peers;
    const start = this.#next;
    const peers: Peer[] = [];
    for (const endpoint of endpoints) {
      const key = endpointKey(endpoint);
      peers.push({ key, endpoint, weight: endpoint.weight, current: former.get(key)?.current ?? 0 });
    }
    this.#even = peers.every((peer) => peer.weight === peers[0]!.weight);
    this.#next = this.#resume(order, start, peers);
    if (this.#peers.length === 0 && !this.#even) {
      this.#peers = peers;
      // discarded picks make the smooth sequence start at a random place
      const total = peers.reduce((sum, peer) => sum + peer.weight, 0);
      for (let i = Math.floor(this.#random() * Math.min(total, 64)); i > 0; i--) this.#smooth(NO_ENDPOINTS);
      return;
    }
    this.#peers = peers;
  }

  /** Index of the endpoint whose turn was next, or of the first one after it that is still there; random when none is. */
  #resume(former: readonly Peer[], start: number, peers: readonly Peer[]): number {
    const places = new Map(peers.map((peer, i) => [peer.key, i]));
    for (let i = 0; i < former.length; i++) {
      const place = places.get(former[(start + i) % former.length]!.key);
      if (place !== undefined) return place;
    }
    return Math.floor(this.#random() * peers.length);
  }

  pick(
    _exchange: unknown,
    tried: readonly Endpoint[],
    ejected: readonly Endpoint[] = NO_ENDPOINTS,
  ): Endpoint | undefined {
    const size = this.#peers.length;
    if (size === 0) return undefined;
    const skip = endpointsToSkip(tried, ejected, size);
    if (!this.#even) return this.#smooth(skip);
    let next = this.#next;
    for (let i = 0; i < size && includesEndpoint(skip, this.#peers[next]!.endpoint); i++) {
      next = next + 1 === size ? 0 : next + 1;
    }
    this.#next = next + 1 === size ? 0 : next + 1;
    return this.#peers[next]!.endpoint;
  }

  /** Skipped endpoints gain no credit, so they get no burst of requests when they return. */
  #smooth(skip: readonly Endpoint[]): Endpoint | undefined {
    let best: Peer | undefined;
    let total = 0;
    for (const peer of this.#peers) {
      if (skip.length > 0 && includesEndpoint(skip, peer.endpoint)) continue;
      peer.current += peer.weight;
      total += peer.weight;
      if (best === undefined || peer.current > best.current) best = peer;
    }
    if (best === undefined) return this.#peers[0]?.endpoint;
    best.current -= total;
    return best.endpoint;
  }
}
