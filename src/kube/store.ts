/**
 * The objects in force, by key and by the indexes that the compiler uses.
 *
 * @module
 */
import { equalObjects } from "./object-equal.ts";
import {
  type ConfigMap,
  type Endpoints,
  type EndpointSlice,
  type Ingress,
  type IngressClass,
  type KubeObject,
  type Namespace,
  type ObjectKey,
  objectKey,
  type Secret,
  type Service,
} from "./objects.ts";
import type { StoreChange, StoreView } from "./store-view.ts";

/** Objects to put, and keys to remove. A key in both is put. */
export interface StoreBatch {
  readonly put: readonly KubeObject[];
  readonly remove: readonly ObjectKey[];
}

const NO_SLICES: readonly EndpointSlice[] = [];

/** Key of an object. */
export function keyOf(object: KubeObject): ObjectKey {
  return objectKey(object.kind, object.metadata.namespace, object.metadata.name);
}

/** Filled by a source, read by the compiler. */
export class Store implements StoreView {
  readonly #objects: { readonly [K in KubeObject["kind"]]: Map<string, Extract<KubeObject, { kind: K }>> } = {
    Ingress: new Map(),
    IngressClass: new Map(),
    Service: new Map(),
    EndpointSlice: new Map(),
    Endpoints: new Map(),
    Secret: new Map(),
    ConfigMap: new Map(),
    Namespace: new Map(),
  };
  /** `namespace/service` to its slices, sorted by name. */
  readonly #slices = new Map<string, readonly EndpointSlice[]>();

  /** Number of objects. */
  get size(): number {
    let size = 0;
    for (const objects of Object.values(this.#objects)) size += objects.size;
    return size;
  }

  /**
   * Applies a batch, and returns the changes in the order of the batch, removals first. An object with the same content
   * as the former one replaces it (its `source` may have moved) and is no change.
   */
  apply(batch: StoreBatch): StoreChange[] {
    const changes: StoreChange[] = [];
    const put = new Set<ObjectKey>();
    for (const object of batch.put) put.add(keyOf(object));
    for (const key of batch.remove) {
      if (put.has(key)) continue;
      const before = this.get(key);
      if (before === undefined) continue;
      this.#mapOf(before).delete(nameOf(before));
      if (before.kind === "EndpointSlice") this.#unindex(before);
      changes.push({ key, kind: before.kind, before, after: undefined });
    }
    for (const after of batch.put) {
      const objects = this.#mapOf(after);
      const name = nameOf(after);
      const before = objects.get(name);
      objects.set(name, after);
      if (before?.kind === "EndpointSlice") this.#unindex(before);
      if (after.kind === "EndpointSlice") this.#index(after);
      if (before !== undefined && equalObjects(before, after)) continue;
      changes.push({ key: keyOf(after), kind: after.kind, before, after });
    }
    return changes;
  }

  /** Any object by its key. */
  get(key: ObjectKey): KubeObject | undefined {
    const slash = key.indexOf("/");
    const kind = key.slice(0, slash);
    if (!Object.hasOwn(this.#objects, kind)) return undefined;
    return this.#objects[kind as KubeObject["kind"]].get(key.slice(slash + 1));
  }

  /** All objects, in no particular order. */
  *objects(): IterableIterator<KubeObject> {
    for (const objects of Object.values(this.#objects)) yield* objects.values();
  }

  ingresses(): Iterable<Ingress> {
    return this.#objects.Ingress.values();
  }

  ingress(namespace: string, name: string): Ingress | undefined {
    return this.#objects.Ingress.get(`${namespace}/${name}`);
  }

  ingressClasses(): Iterable<IngressClass> {
    return this.#objects.IngressClass.values();
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#objects.Service.get(`${namespace}/${name}`);
  }

  endpointSlices(namespace: string, serviceName: string): readonly EndpointSlice[] {
    return this.#slices.get(`${namespace}/${serviceName}`) ?? NO_SLICES;
  }

  endpoints(namespace: string, name: string): Endpoints | undefined {
    return this.#objects.Endpoints.get(`${namespace}/${name}`);
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.#objects.Secret.get(`${namespace}/${name}`);
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#objects.ConfigMap.get(`${namespace}/${name}`);
  }

  namespace(name: string): Namespace | undefined {
    return this.#objects.Namespace.get(`/${name}`);
  }

  #mapOf(object: KubeObject): Map<string, KubeObject> {
    return this.#objects[object.kind] as Map<string, KubeObject>;
  }

  #index(slice: EndpointSlice): void {
    if (slice.serviceName === "") return;
    const key = `${slice.metadata.namespace}/${slice.serviceName}`;
    const slices = [...this.#slices.get(key) ?? NO_SLICES, slice];
    slices.sort((a, b) => a.metadata.name < b.metadata.name ? -1 : 1);
    this.#slices.set(key, slices);
  }

  #unindex(slice: EndpointSlice): void {
    const key = `${slice.metadata.namespace}/${slice.serviceName}`;
    const slices = (this.#slices.get(key) ?? NO_SLICES).filter((other) => other.metadata.name !== slice.metadata.name);
    if (slices.length === 0) this.#slices.delete(key);
    else this.#slices.set(key, slices);
  }
}

function nameOf(object: KubeObject): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}
