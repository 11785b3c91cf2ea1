/**
 * Who depends on what: so that a changed object leads to the hosts, upstreams and certificates that it touches.
 *
 * @module
 */
import type { IngressEntry } from "./ingress-entry.ts";
import { MultiMap } from "./multi-map.ts";
import { partsOf } from "./upstream-id.ts";

/** What an entry takes up or gives up for the first or last time. */
export interface IndexChange {
  /** Ids of upstreams that nobody, or nobody else, refers to. */
  readonly upstreams: readonly string[];
  /** Hosts that nobody, or nobody else, has a part in. */
  readonly hosts: readonly string[];
}

/** Indexes over the Ingresses in force. */
export class DependencyIndex {
  /** Host -> names of entries. */
  readonly hosts: MultiMap = new MultiMap();
  /** Id of upstream -> names of entries. */
  readonly upstreams: MultiMap = new MultiMap();
  /** `namespace/service` -> ids of upstreams. */
  readonly services: MultiMap = new MultiMap();
  /** `namespace/secret` of spec.tls -> names of entries. */
  readonly secrets: MultiMap = new MultiMap();
  /** Key of a Secret or ConfigMap that policies read -> names of entries. */
  readonly reads: MultiMap = new MultiMap();

  /** Notes an entry; tells what is new. */
  add(entry: IngressEntry): IndexChange {
    const { name } = entry;
    for (const secret of entry.secrets) this.secrets.add(secret, name);
    for (const key of entry.reads) this.reads.add(key, name);
    const upstreams: string[] = [];
    for (const id of entry.upstreams) {
      if (!this.upstreams.add(id, name)) continue;
      upstreams.push(id);
      this.services.add(serviceOf(id), id);
    }
    return { upstreams, hosts: [...entry.rules.keys()].filter((host) => this.hosts.add(host, name)) };
  }

  /** Forgets an entry; tells what nobody refers to any more. */
  remove(entry: IngressEntry): IndexChange {
    const { name } = entry;
    for (const secret of entry.secrets) this.secrets.delete(secret, name);
    for (const key of entry.reads) this.reads.delete(key, name);
    const upstreams: string[] = [];
    for (const id of entry.upstreams) {
      if (!this.upstreams.delete(id, name)) continue;
      upstreams.push(id);
      this.services.delete(serviceOf(id), id);
    }
    return { upstreams, hosts: [...entry.rules.keys()].filter((host) => this.hosts.delete(host, name)) };
  }
}

function serviceOf(id: string): string {
  const { namespace, service } = partsOf(id);
  return `${namespace}/${service}`;
}
