/**
 * In how many upstreams an endpoint stands: two Ingresses may name one Service by number and by name, which makes two
 * upstreams of the same endpoints. Only when it stands in none has it left.
 *
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";
import { endpointKey } from "./contract.ts";

/** Counts endpoints over all upstreams. */
export class EndpointCensus {
  readonly #counts = new Map<string, number>();
  /** Those that stood in none at some time since the last call of {@link EndpointCensus.takeLeavers}. */
  #absent = new Map<string, Endpoint>();

  /** The endpoints of one upstream change. */
  replace(before: readonly Endpoint[], after: readonly Endpoint[]): void {
    for (const endpoint of after) {
      const key = endpointKey(endpoint);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
    for (const endpoint of before) {
      const key = endpointKey(endpoint);
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else {
        this.#counts.delete(key);
        this.#absent.set(key, endpoint);
      }
    }
  }

  /** Endpoints that stand in no upstream any more; each is told once. */
  takeLeavers(): readonly Endpoint[] {
    if (this.#absent.size === 0) return [];
    const leavers = [...this.#absent].filter(([key]) => !this.#counts.has(key)).map(([, endpoint]) => endpoint);
    this.#absent = new Map();
    return leavers;
  }
}
