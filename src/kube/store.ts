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
  type Namespace,
  type ObjectKey,
  objectKey,
  type Secret,
  type Service,
} from "./objects.ts";
import type { KubeObject } from "./schema/kinds.ts";
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
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  /** `namespace/service` to its slices, sorted by name. */
  readonly #slices = new Map<string, readonly EndpointSlice[]>();

  /** Number of objects. */
  get size(): number {
    let size = 0;
    for (const objects of this.#objects.values()) size += objects.size;
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
    return this.#objects.get(key.slice(0, slash))?.get(key.slice(slash + 1));
  }

  /** All objects, in no particular order. */
  *objects(): IterableIterator<KubeObject> {
    for (const objects of this.#objects.values()) yield* objects.values();
  }

  ofKind<K extends KubeObject["kind"]>(kind: K): Iterable<Extract<KubeObject, { kind: K }>> {
    return this.#of(kind).values();
  }

  ingresses(): Iterable<Ingress> {
    return this.#of("Ingress").values();
  }

  ingress(namespace: string, name: string): Ingress | undefined {
    return this.#of("Ingress").get(`${namespace}/${name}`);
  }

  ingressClasses(): Iterable<IngressClass> {
    return this.#of("IngressClass").values();
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#of("Service").get(`${namespace}/${name}`);
  }

  endpointSlices(namespace: string, serviceName: string): readonly EndpointSlice[] {
    return this.#slices.get(`${namespace}/${serviceName}`) ?? NO_SLICES;
  }

  endpoints(namespace: string, name: string): Endpoints | undefined {
    return this.#of("Endpoints").get(`${namespace}/${name}`);
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.#of("Secret").get(`${namespace}/${name}`);
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#of("ConfigMap").get(`${namespace}/${name}`);
  }

  namespace(name: string): Namespace | undefined {
    return this.#of("Namespace").get(`/${name}`);
  }

  #of<K extends KubeObject["kind"]>(kind: K): Map<string, Extract<KubeObject, { kind: K }>> {
    let objects = this.#objects.get(kind);
    if (objects === undefined) this.#objects.set(kind, objects = new Map());
    return objects as unknown as Map<string, Extract<KubeObject, { kind: K }>>;
  }

  #mapOf(object: KubeObject): Map<string, KubeObject> {
    return this.#of(object.kind) as Map<string, KubeObject>;
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
