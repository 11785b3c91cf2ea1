/**
 * The Kubernetes objects that are read, in normal form: older API versions are converted, defaults of the API are
 * filled in, and only the used fields are kept. The schemas of `./schema/` make them; all other code may rely on their
 * form.
 *
 * @module
 */
import type { SourceRef } from "../diagnostic.ts";

/** metadata of any object. */
export interface Metadata {
  /** Empty for cluster-wide kinds, else never empty (`default` where the manifest has none). */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Creation time, milliseconds since the epoch; 0 when the manifest has none. */
  readonly creationTimestampMs: number;
  readonly generation: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface Base<K extends string> {
  readonly kind: K;
  readonly metadata: Metadata;
  readonly source: SourceRef;
}

/** Port of a Service as an Ingress names it. */
export type ServiceBackendPort =
  | { readonly kind: "number"; readonly number: number }
  | { readonly kind: "name"; readonly name: string };

/** Backend of a path. `resource` backends are not served. */
export type IngressBackend =
  | { readonly kind: "service"; readonly name: string; readonly port: ServiceBackendPort }
  | { readonly kind: "resource"; readonly resource: string };

/** `ImplementationSpecific` and a missing pathType are kept as written; the compiler converts them. */
export interface IngressPath {
  /** As written; `/` when empty. */
  readonly path: string;
  readonly pathType: "Exact" | "Prefix" | "ImplementationSpecific";
  readonly backend: IngressBackend;
}

export interface IngressRule {
  /** Lower-cased; empty: all hosts. */
  readonly host: string;
  readonly paths: readonly IngressPath[];
}

export interface IngressTls {
  readonly hosts: readonly string[];
  /** Empty: the default certificate. */
  readonly secretName: string;
}

export interface Ingress extends Base<"Ingress"> {
  readonly spec: {
    /** Empty when not set. */
    readonly ingressClassName: string;
    readonly defaultBackend: IngressBackend | null;
    readonly rules: readonly IngressRule[];
    readonly tls: readonly IngressTls[];
  };
}

export interface IngressClass extends Base<"IngressClass"> {
  readonly spec: { readonly controller: string };
}

export interface ServicePort {
  readonly name: string;
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly port: number;
  /** Number or name; the port number when not set. */
  readonly targetPort: number | string;
  readonly appProtocol: string;
}

export interface Service extends Base<"Service"> {
  readonly spec: {
    readonly type: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";
    /** Empty when not set; `None` for headless. */
    readonly clusterIP: string;
    readonly externalName: string;
    readonly ports: readonly ServicePort[];
    readonly hasSelector: boolean;
    readonly publishNotReadyAddresses: boolean;
  };
}

export interface EndpointPort {
  readonly name: string;
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly port: number;
}

export interface EndpointAddress {
  readonly addresses: readonly string[];
  /** nil counts as ready. */
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  /** metadata.name of targetRef when it is a Pod; else empty. */
  readonly podName: string;
  readonly zone: string;
  readonly nodeName: string;
  /** hints.forZones[].name */
  readonly forZones: readonly string[];
}

export interface EndpointSlice extends Base<"EndpointSlice"> {
  /** Label kubernetes.io/service-name; empty if missing. */
  readonly serviceName: string;
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  readonly endpoints: readonly EndpointAddress[];
  readonly ports: readonly EndpointPort[];
}

/** v1 Endpoints; used only for a Service that has no EndpointSlice. */
export interface Endpoints extends Base<"Endpoints"> {
  readonly subsets: readonly {
    readonly addresses: readonly { readonly ip: string; readonly podName: string; readonly nodeName: string }[];
    readonly ports: readonly EndpointPort[];
  }[];
}

export interface Secret extends Base<"Secret"> {
  readonly type: string;
  /** Decoded; stringData already merged in. */
  readonly data: ReadonlyMap<string, Uint8Array>;
}

export interface ConfigMap extends Base<"ConfigMap"> {
  readonly data: ReadonlyMap<string, string>;
}

export interface Namespace extends Base<"Namespace"> {}

/** `Kind/namespace/name` (namespace empty for cluster-wide kinds): the identity of an object in the store. */
export type ObjectKey = string;

export function objectKey(kind: string, namespace: string, name: string): ObjectKey {
  return `${kind}/${namespace}/${name}`;
}
