/**
 * The view of the store for the compiler: read-only, by key. `./store.ts` implements it.
 *
 * @module
 */
import type {
  ConfigMap,
  Endpoints,
  EndpointSlice,
  Ingress,
  IngressClass,
  Namespace,
  ObjectKey,
  Secret,
  Service,
} from "./objects.ts";
import type { KubeObject } from "./schema/kinds.ts";

/** Read-only view of the objects in force. */
export interface StoreView {
  /** Any object by its key. */
  get(key: ObjectKey): KubeObject | undefined;
  /** All objects of a kind. */
  ofKind<K extends KubeObject["kind"]>(kind: K): Iterable<Extract<KubeObject, { kind: K }>>;
  ingresses(): Iterable<Ingress>;
  ingress(namespace: string, name: string): Ingress | undefined;
  ingressClasses(): Iterable<IngressClass>;
  service(namespace: string, name: string): Service | undefined;
  /** Slices of one Service, sorted by name. */
  endpointSlices(namespace: string, serviceName: string): readonly EndpointSlice[];
  endpoints(namespace: string, name: string): Endpoints | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  configMap(namespace: string, name: string): ConfigMap | undefined;
  namespace(name: string): Namespace | undefined;
}

/** One object that came, changed or went. Unchanged objects (deep-equal) are never reported. */
export interface StoreChange {
  readonly key: ObjectKey;
  readonly kind: KubeObject["kind"];
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}
