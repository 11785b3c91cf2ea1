/**
 * Backends of locations.
 *
 * @module
 */
import type { BackendSet, ConditionalBackend, UpstreamRef } from "../../snapshot/snapshot.ts";
import type { RouteBackend, UpstreamTarget } from "./contribution.ts";

/** Shared by all locations with one upstream; never written to. */
const NO_CONDITIONS: readonly ConditionalBackend[] = [];

/** The set of a location with one upstream, which gets all requests. */
export function onlyBackend(ref: UpstreamRef): BackendSet {
  return { kind: "upstreams", conditional: NO_CONDITIONS, weighted: [{ ...ref, weight: 1 }], whenEmpty: "refuse" };
}

/** Makes the backends of one host. Its locations share those with one upstream: many lead to the same. */
export class BackendMaker {
  readonly #only = new Map<string, BackendSet>();

  /** @param nameOf name of an upstream by its id */
  constructor(readonly nameOf: (id: string) => string) {}

  make(backend: RouteBackend): BackendSet {
    if (backend.kind === "several") {
      return {
        kind: "upstreams",
        conditional: backend.conditional.map((each) => ({ ...this.#ref(each), when: each.when })),
        weighted: backend.weighted.map((each) => ({ ...this.#ref(each), weight: each.weight })),
        whenEmpty: backend.whenEmpty,
      };
    }
    let made = this.#only.get(backend.id);
    if (made === undefined) this.#only.set(backend.id, made = onlyBackend(this.#ref(backend)));
    return made;
  }

  #ref({ id, serviceName, servicePort }: UpstreamTarget): UpstreamRef {
    return { upstream: this.nameOf(id), serviceName, servicePort };
  }
}
