/**
 * Number of upstreams that contain an endpoint. Two Ingresses may name a port of one Service by number and by name; that
 * makes two upstreams with the same endpoints. An endpoint has left when no upstream contains it.
 *
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";
import { endpointKey } from "./contract.ts";

/** Counts references to endpoints over all upstreams. */
export class EndpointReferences {
  readonly #counts = new Map<string, number>();
  /** Endpoints without a reference at some time since the last call of {@link EndpointReferences.takeUnreferenced}. */
  #absent = new Map<string, Endpoint>();

  /** Takes over a change of the endpoints of one upstream. */
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

  /** Endpoints that no upstream contains any more; each is returned once. */
  takeUnreferenced(): readonly Endpoint[] {
    if (this.#absent.size === 0) return [];
    const unreferenced = [...this.#absent].filter(([key]) => !this.#counts.has(key)).map(([, endpoint]) => endpoint);
    this.#absent = new Map();
    return unreferenced;
  }
}
