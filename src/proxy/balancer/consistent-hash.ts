/**
 * Consistent hashing: requests with the same key go to the same endpoint, and a change of the endpoints moves only the
 * keys of endpoints that came or went. With a subset size, a key leads to a group of endpoints, and each request takes a
 * random one of the group. An endpoint has as many keys, or requests of its group, as its weight says.
 *
 * @module
 */
import type { Exchange } from "../../http/mod.ts";
import { formatAuthority } from "../../net/mod.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { Balancer } from "./contract.ts";
import { drawByWeight } from "./draw.ts";
import { Ring } from "./ring.ts";
import { endpointsToSkip, includesEndpoint, NO_ENDPOINTS } from "./endpoint-list.ts";

/** Endpoints that a point of the ring leads to: one, or the endpoints of a subset. */
type Place = readonly Endpoint[];

export interface ConsistentHashOptions {
  /** Evaluates upstream-hash-by for a request. */
  readonly key: (exchange: Exchange) => string;
  /** Endpoints in a subset; `null`: no subsets. */
  readonly subsetSize: number | null;
  readonly random?: () => number;
}

/** Balancer of upstream-hash-by. */
export class ConsistentHash implements Balancer {
  readonly #key: (exchange: Exchange) => string;
  readonly #subsetSize: number | null;
  readonly #random: () => number;
  #endpoints: readonly Endpoint[] = [];
  #ring: Ring<Place> = new Ring<Place>([]);

  constructor(options: ConsistentHashOptions) {
    this.#key = options.key;
    this.#subsetSize = options.subsetSize;
    this.#random = options.random ?? Math.random;
  }

  update(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
    this.#ring = new Ring(placesOf(this.#endpoints, this.#subsetSize));
  }

  pick(
    exchange: Exchange,
    tried: readonly Endpoint[],
    ejected: readonly Endpoint[] = NO_ENDPOINTS,
  ): Endpoint | undefined {
    const ring = this.#ring;
    const start = ring.find(this.#key(exchange));
    if (start < 0) return undefined;
    const skip = endpointsToSkip(tried, ejected, this.#endpoints.length);
    for (let i = start; i < start + ring.size; i++) {
      const place = ring.at(i);
      const free = skip.length === 0 ? place : place.filter((each) => !includesEndpoint(skip, each));
      if (free.length > 0) {
        return free.length === 1 ? free[0] : drawByWeight(free, ({ weight }) => weight, this.#random);
      }
    }
    return ring.at(start)[0];
  }
}

/** Places by name; the names are those of ingress-nginx. */
function placesOf(
  endpoints: readonly Endpoint[],
  subsetSize: number | null,
): [name: string, place: Place, weight: number][] {
  if (subsetSize === null) {
    return endpoints.map((endpoint) => [formatAuthority(endpoint.address, endpoint.port), [endpoint], endpoint.weight]);
  }
  const size = Math.max(1, Math.min(subsetSize, endpoints.length));
  const places: [string, Place, number][] = [];
  for (let from = 0; from < endpoints.length; from += size) {
    const subset = endpoints.slice(from, from + size);
    // endpoints from the beginning of the list fill up the last subset, so that all subsets have the same size
    subset.push(...endpoints.slice(0, size - subset.length));
    places.push([`set${from / size + 1}`, subset, 1]);
  }
  return places;
}
