/**
 * EWMA: of two random endpoints, the one with the lower average response time. The average is exponentially weighted with a
 * time constant of ten seconds. An endpoint is among the two as often as its weight says.
 *
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";
import { type Balancer, endpointKey } from "./contract.ts";
import { drawByWeight } from "./draw.ts";
import { endpointsToSkip, includesEndpoint, NO_ENDPOINTS } from "./endpoint-list.ts";

/** Time constant of the average. */
const DECAY_MS = 10_000;

interface Peer {
  readonly endpoint: Endpoint;
  /** Average response time at `touchedMs`, milliseconds. */
  score: number;
  touchedMs: number;
}

export interface EwmaOptions {
  readonly random?: () => number;
  /** Milliseconds, never going back. */
  readonly now?: () => number;
}

/** Balancer of `load-balance: ewma`. */
export class Ewma implements Balancer {
  #peers: readonly Peer[] = [];
  #byKey: ReadonlyMap<string, Peer> = new Map();
  /** All weights are equal. */
  #even = true;
  readonly #random: () => number;
  readonly #now: () => number;

  constructor(options: EwmaOptions = {}) {
    this.#random = options.random ?? Math.random;
    this.#now = options.now ?? (() => performance.now());
  }

  update(endpoints: readonly Endpoint[]): void {
    const now = this.#now();
    const known = endpoints.flatMap((endpoint) => this.#byKey.get(endpointKey(endpoint)) ?? []);
    // a new endpoint starts with the average of the others; with 0 it would get every request
    const mean = known.length === 0 ? 0 : known.reduce((sum, peer) => sum + decayed(peer, now), 0) / known.length;
    const byKey = new Map<string, Peer>();
    for (const endpoint of endpoints) {
      const key = endpointKey(endpoint);
      const former = this.#byKey.get(key);
      byKey.set(key, { endpoint, score: former?.score ?? mean, touchedMs: former?.touchedMs ?? now });
    }
    this.#byKey = byKey;
    this.#peers = [...byKey.values()];
    this.#even = endpoints.every(({ weight }) => weight === endpoints[0]!.weight);
  }

  pick(
    _exchange: unknown,
    tried: readonly Endpoint[],
    ejected: readonly Endpoint[] = NO_ENDPOINTS,
  ): Endpoint | undefined {
    const all = this.#peers;
    if (all.length < 2) return all[0]?.endpoint;
    const skip = endpointsToSkip(tried, ejected, all.length);
    const peers = skip.length === 0 ? all : all.filter(({ endpoint }) => !includesEndpoint(skip, endpoint));
    if (peers.length < 2) return peers[0]?.endpoint ?? all[0]!.endpoint;
    const now = this.#now();
    const [a, b] = this.#even ? this.#twoOf(peers) : [this.#byWeight(peers), this.#byWeight(peers)];
    return decayed(b, now) < decayed(a, now) ? b.endpoint : a.endpoint;
  }

  /** Two different ones. */
  #twoOf(peers: readonly Peer[]): readonly [Peer, Peer] {
    const first = Math.floor(this.#random() * peers.length);
    let second = Math.floor(this.#random() * (peers.length - 1));
    if (second >= first) second++;
    return [peers[first]!, peers[second]!];
  }

  /** May give the same one twice: else the faster of two endpoints would get all requests, whatever their weights. */
  #byWeight(peers: readonly Peer[]): Peer {
    return drawByWeight(peers, ({ endpoint }) => endpoint.weight, this.#random)!;
  }

  observe(endpoint: Endpoint, outcome: "answered" | "failed", elapsedMs: number): void {
    const peer = this.#byKey.get(endpointKey(endpoint));
    // a refused connection is quick, and must not make the endpoint the fastest
    if (peer === undefined || outcome === "failed") return;
    const now = this.#now();
    const weight = Math.exp(-Math.max(0, now - peer.touchedMs) / DECAY_MS);
    peer.score = peer.score * weight + elapsedMs * (1 - weight);
    peer.touchedMs = now;
  }
}

function decayed(peer: Peer, now: number): number {
  return peer.score * Math.exp(-Math.max(0, now - peer.touchedMs) / DECAY_MS);
}
