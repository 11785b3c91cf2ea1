/**
 * Identity and name of upstreams.
 *
 * An id (`namespace/service/port`) is unique by its form. A name (`namespace-service-port`, which logs and metrics show)
 * is not: `a-b` + `c` and `a` + `b-c` meet in one. The namespace of one must never get the requests of another, so of
 * such ids the first in order has the name and the others are called by their id.
 *
 * @module
 */
import { DEFAULT_BACKEND } from "../../snapshot/snapshot.ts";

/** Parts of an id. */
export interface UpstreamParts {
  readonly namespace: string;
  readonly service: string;
  /** As written in the Ingress; empty: the first port of the Service. */
  readonly port: string;
}

/** Id of one port of one Service. */
export function upstreamId(namespace: string, service: string, port: string): string {
  return `${namespace}/${service}/${port}`;
}

/** Id of the first port of a Service that annotation default-backend names. */
export function customDefaultBackendId(namespace: string, service: string): string {
  return upstreamId(namespace, service, "");
}

/** Takes an id apart. */
export function partsOf(id: string): UpstreamParts {
  const [namespace = "", service = "", port = ""] = id.split("/");
  return { namespace, service, port };
}

function plainName({ namespace, service, port }: UpstreamParts): string {
  return port === "" ? `custom-default-backend-${namespace}-${service}` : `${namespace}-${service}-${port}`;
}

/** Which ids are in use, and what they are called. */
export class UpstreamNames {
  readonly #ids = new Map<string, string[]>();

  /** Notes an id; gives the ids whose name changes by that. */
  add(id: string): readonly string[] {
    const name = plainName(partsOf(id));
    const ids = this.#ids.get(name);
    if (ids === undefined) {
      this.#ids.set(name, [id]);
      return [];
    }
    const former = ids[0]!;
    ids.push(id);
    ids.sort();
    return ids[0] === former ? [] : [former];
  }

  /** Forgets an id; gives the ids whose name changes by that. */
  remove(id: string): readonly string[] {
    const name = plainName(partsOf(id));
    const ids = this.#ids.get(name);
    const at = ids?.indexOf(id) ?? -1;
    if (ids === undefined || at < 0) return [];
    ids.splice(at, 1);
    if (ids.length === 0) this.#ids.delete(name);
    return at === 0 && ids.length > 0 ? [ids[0]!] : [];
  }

  /** Name of an id that was added. */
  nameOf(id: string): string {
    const name = plainName(partsOf(id));
    const ids = this.#ids.get(name);
    // the name of --default-backend-service is taken in any case
    if (name === DEFAULT_BACKEND) return id;
    return ids === undefined || ids[0] === id ? name : id;
  }
}
