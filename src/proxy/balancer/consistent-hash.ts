/**
 * Consistent hashing: requests with the same key go to the same endpoint, and a change of the endpoints moves only the
 * keys of those that came or went. With a subset size, a key stands for a few endpoints, one of which is taken at random.
 *
 * @module
 */
import type { Exchange } from "../../http/mod.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import { type Balancer, endpointKey, type WeightedEndpoint } from "./contract.ts";
import { currentRound, wasTried } from "./tried.ts";

/** Points of the ring for each endpoint, as in ketama. */
const POINTS = 160;

/** What one point of the ring leads to: one endpoint, or the endpoints of a subset. */
interface Place {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

export interface ConsistentHashOptions {
  /** Key of a request (upstream-hash-by, evaluated). */
  readonly key: (exchange: Exchange) => string;
  /** Endpoints in a subset; `null`: every endpoint by itself. */
  readonly subsetSize: number | null;
  readonly random?: () => number;
}

/** Balancer of upstream-hash-by. */
export class ConsistentHash implements Balancer {
  readonly #key: (exchange: Exchange) => string;
  readonly #subsetSize: number | null;
  readonly #random: () => number;
  #endpoints: readonly Endpoint[] = [];
  /** Points in ascending order, and beside each the place that it leads to. */
  #points: Uint32Array = new Uint32Array(0);
  #places: readonly Place[] = [];

  constructor(options: ConsistentHashOptions) {
    this.#key = options.key;
    this.#subsetSize = options.subsetSize;
    this.#random = options.random ?? Math.random;
  }

  update(endpoints: readonly WeightedEndpoint[]): void {
    this.#endpoints = endpoints.map(({ endpoint }) => endpoint);
    const points: { at: number; place: Place }[] = [];
    for (const place of placesOf(this.#endpoints, this.#subsetSize)) {
      for (let i = 0; i < POINTS; i++) points.push({ at: hash(`${place.name}#${i}`), place });
    }
    points.sort((a, b) => a.at - b.at || (a.place.name < b.place.name ? -1 : 1));
    this.#points = Uint32Array.from(points, ({ at }) => at);
    this.#places = points.map(({ place }) => place);
  }

  pick(exchange: Exchange, tried: readonly Endpoint[]): Endpoint | undefined {
    const count = this.#places.length;
    if (count === 0) return undefined;
    const round = currentRound(tried, this.#endpoints.length);
    const start = this.#find(hash(this.#key(exchange)));
    for (let i = 0; i < count; i++) {
      const place = this.#places[(start + i) % count]!;
      const free = round.length === 0 ? place.endpoints : place.endpoints.filter((each) => !wasTried(round, each));
      if (free.length > 0) return free.length === 1 ? free[0] : free[Math.floor(this.#random() * free.length)];
    }
    return this.#places[start]!.endpoints[0];
  }

  /** Index of the first point at or after the hash; the ring is closed. */
  #find(at: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return low === this.#points.length ? 0 : low;
  }
}

function placesOf(endpoints: readonly Endpoint[], subsetSize: number | null): Place[] {
  if (subsetSize === null) return endpoints.map((endpoint) => ({ name: endpointKey(endpoint), endpoints: [endpoint] }));
  const size = Math.max(1, Math.min(subsetSize, endpoints.length));
  const places: Place[] = [];
  for (let from = 0; from < endpoints.length; from += size) {
    const subset = endpoints.slice(from, from + size);
    // the last one is filled up from the beginning, so that no key has fewer endpoints than others
    subset.push(...endpoints.slice(0, size - subset.length));
    places.push({ name: `subset ${from / size}`, endpoints: subset });
  }
  return places;
}

/** FNV-1a with the finaliser of MurmurHash3, which spreads keys that differ in their last character only. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
