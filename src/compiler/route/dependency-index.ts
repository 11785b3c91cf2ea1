/**
 * Index of dependencies: it leads from a changed object to the hosts, upstreams and certificates that it touches.
 *
 * @module
 */
import type { RouteContribution } from "./contribution.ts";
import { MultiMap } from "./multi-map.ts";
import { partsOf } from "./upstream-id.ts";

/** What a route takes up or gives up for the first or last time. */
export interface IndexChange {
  /** Ids of upstreams that no other route refers to. */
  readonly upstreams: readonly string[];
  /** Hosts that no other route has a part in. */
  readonly hosts: readonly string[];
}

/** Indexes over the routes in force. */
export class DependencyIndex {
  /** Host -> ids of routes. */
  readonly hosts: MultiMap = new MultiMap();
  /** Id of upstream -> ids of routes. */
  readonly upstreams: MultiMap = new MultiMap();
  /** `namespace/service` -> ids of upstreams. */
  readonly services: MultiMap = new MultiMap();
  /** `namespace/secret` of certificates -> ids of routes. */
  readonly secrets: MultiMap = new MultiMap();
  /** Key of a Secret or ConfigMap that policies read -> ids of routes. */
  readonly reads: MultiMap = new MultiMap();

  /** Notes a route; tells what is new. */
  add(route: RouteContribution): IndexChange {
    const { id: name } = route;
    for (const { id } of route.certificates) if (id !== null) this.secrets.add(id, name);
    for (const key of route.reads) this.reads.add(key, name);
    const upstreams: string[] = [];
    for (const id of route.upstreams) {
      if (!this.upstreams.add(id, name)) continue;
      upstreams.push(id);
      this.services.add(serviceOf(id), id);
    }
    return { upstreams, hosts: [...route.hosts].filter((host) => this.hosts.add(host, name)) };
  }

  /** Removes a route; returns what is no longer referenced. */
  remove(route: RouteContribution): IndexChange {
    const { id: name } = route;
    for (const { id } of route.certificates) if (id !== null) this.secrets.delete(id, name);
    for (const key of route.reads) this.reads.delete(key, name);
    const upstreams: string[] = [];
    for (const id of route.upstreams) {
      if (!this.upstreams.delete(id, name)) continue;
      upstreams.push(id);
      this.services.delete(serviceOf(id), id);
    }
    return { upstreams, hosts: [...route.hosts].filter((host) => this.hosts.delete(host, name)) };
  }
}

function serviceOf(id: string): string {
  const { namespace, service } = partsOf(id);
  return `${namespace}/${service}`;
}
