/**
 * Every kind of object that is read, and how. A further kind is a file beside this one, with its type and its schema, and lines
 * here.
 *
 * @module
 */
import type * as v from "valibot";
import type {
  ConfigMap,
  Endpoints,
  EndpointSlice,
  Ingress,
  IngressClass,
  Namespace,
  Secret,
  Service,
} from "../objects.ts";
import { configMap } from "./config-map.ts";
import { endpointSlice } from "./endpoint-slice.ts";
import { endpoints } from "./endpoints.ts";
import { ingressClass } from "./ingress-class.ts";
import { ingressV1, ingressV1beta1 } from "./ingress.ts";
import { namespace } from "./namespace.ts";
import { secret } from "./secret.ts";
import { service } from "./service.ts";
import type { Unsourced } from "./unsourced.ts";

/** Any object that is read. */
export type KubeObject =
  | Ingress
  | IngressClass
  | Service
  | EndpointSlice
  | Endpoints
  | Secret
  | ConfigMap
  | Namespace;

type AnySchema = v.GenericSchema<unknown, Unsourced<KubeObject>>;

/** Schemas by kind, then by apiVersion. */
export const SCHEMAS: Readonly<Record<KubeObject["kind"], Readonly<Record<string, AnySchema>>>> = {
  Ingress: {
    "networking.k8s.io/v1": ingressV1,
    "networking.k8s.io/v1beta1": ingressV1beta1,
    "extensions/v1beta1": ingressV1beta1,
  },
  IngressClass: { "networking.k8s.io/v1": ingressClass, "networking.k8s.io/v1beta1": ingressClass },
  Service: { v1: service },
  EndpointSlice: { "discovery.k8s.io/v1": endpointSlice, "discovery.k8s.io/v1beta1": endpointSlice },
  Endpoints: { v1: endpoints },
  Secret: { v1: secret },
  ConfigMap: { v1: configMap },
  Namespace: { v1: namespace },
};

/** Kinds without a namespace. */
export const CLUSTER_WIDE: ReadonlySet<string> = new Set(["IngressClass", "Namespace"]);
