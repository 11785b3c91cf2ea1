/**
 * From an unknown value to an object that is known to be well formed, or to what is wrong with it.
 *
 * @module
 */
import * as v from "valibot";
import type { Diagnostic, ObjectRef, SourceRef } from "../../diagnostic.ts";
import { nearest } from "../../unit/mod.ts";
import type { Ingress, KubeObject } from "../objects.ts";
import { configMap } from "./config-map.ts";
import { endpointSlice } from "./endpoint-slice.ts";
import { endpoints } from "./endpoints.ts";
import { isMapping, quote } from "./field.ts";
import { ingressClass } from "./ingress-class.ts";
import { ingressV1, ingressV1beta1 } from "./ingress.ts";
import { namespace } from "./namespace.ts";
import { secret } from "./secret.ts";
import { service } from "./service.ts";
import { unknownIngressFields } from "./unknown-field.ts";
import type { Unsourced } from "./unsourced.ts";

/** What became of a value. Passed over: a kind that is not read here. */
export type ObjectReading =
  | { readonly kind: "object"; readonly object: KubeObject; readonly warnings: readonly Diagnostic[] }
  | { readonly kind: "passed-over" }
  | { readonly kind: "invalid"; readonly diagnostics: readonly Diagnostic[] };

type AnySchema = v.GenericSchema<unknown, Unsourced<KubeObject>>;

/** Schemas by kind, then by apiVersion. */
const SCHEMAS: Readonly<Record<KubeObject["kind"], Readonly<Record<string, AnySchema>>>> = {
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

const CLUSTER_WIDE: ReadonlySet<string> = new Set(["IngressClass", "Namespace"]);

/** More findings than these of one object are not told. */
const MAX_FINDINGS = 10;

const LEFT_OUT = "the object is left out";

/** Reads one object; never throws. */
export function readObject(value: unknown, source: SourceRef): ObjectReading {
  if (!isMapping(value)) {
    return invalidObject(value, source, [{ message: `Invalid value: ${quote(value)}: must be a Kubernetes object` }]);
  }
  const { kind, apiVersion } = value;
  if (typeof kind !== "string" || kind === "") {
    return invalidObject(value, source, [{ field: "kind", message: required(kind) }]);
  }
  if (typeof apiVersion !== "string" || apiVersion === "") {
    return invalidObject(value, source, [{ field: "apiVersion", message: required(apiVersion) }]);
  }
  if (!Object.hasOwn(SCHEMAS, kind)) return unknownKind(kind, apiVersion, value, source);
  const versions = SCHEMAS[kind as KubeObject["kind"]];
  if (!Object.hasOwn(versions, apiVersion)) {
    // Kinds of other groups may have the same name (Service of Knative); another version of ours is a mistake.
    const group = groupOf(apiVersion);
    if (!Object.keys(versions).some((version) => groupOf(version) === group)) return { kind: "passed-over" };
    const supported = Object.keys(versions).map((version) => `"${version}"`).join(", ");
    const message = `Unsupported value: ${quote(apiVersion)}: supported values: ${supported}`;
    return invalidObject(value, source, [{ field: "apiVersion", message }]);
  }
  const result = v.safeParse(versions[apiVersion]!, value, { abortPipeEarly: true });
  if (result.success) {
    const object = { ...result.output, source } as KubeObject;
    const warnings = object.kind === "Ingress" ? unknownFields(value, object, apiVersion, source) : NO_WARNINGS;
    return { kind: "object", object, warnings };
  }
  const findings = result.issues.slice(0, MAX_FINDINGS).map((issue) => ({
    field: fieldPath((issue.path ?? []).map((item) => item.key)),
    message: issue.message,
  }));
  return invalidObject(value, source, findings);
}

/** Other kinds are none of our business, but a slip of the finger must not take an object out of service in silence. */
function unknownKind(kind: string, apiVersion: string, value: unknown, source: SourceRef): ObjectReading {
  const group = groupOf(apiVersion);
  const kinds = Object.entries(SCHEMAS)
    .filter(([, versions]) => Object.keys(versions).some((version) => groupOf(version) === group))
    .map(([known]) => known);
  const like = nearest(kind, kinds);
  if (like === undefined) return { kind: "passed-over" };
  const message = `unknown kind ${quote(kind)} of ${apiVersion.slice(0, 253)}; the nearest known one is ${like}`;
  const object = refOf(value);
  return {
    kind: "invalid",
    diagnostics: [{
      reason: "UnknownKind",
      severity: "error",
      ...(object === undefined ? {} : { object }),
      field: "kind",
      message,
      effect: LEFT_OUT,
      source,
    }],
  };
}

const NO_WARNINGS: readonly Diagnostic[] = [];

function unknownFields(value: unknown, { kind, metadata }: Ingress, apiVersion: string, source: SourceRef) {
  const paths = unknownIngressFields(value, apiVersion.endsWith("/v1beta1"));
  if (paths.length === 0) return NO_WARNINGS;
  return paths.map((path): Diagnostic => ({
    reason: "UnknownField",
    severity: "warning",
    object: { kind, namespace: metadata.namespace, name: metadata.name },
    field: fieldPath(path),
    message: `unknown field: an Ingress of ${apiVersion} has none of this name here`,
    effect: "the field is not read",
    source,
  }));
}

function required(value: unknown): string {
  return value === undefined || value === null || value === ""
    ? "Required value"
    : `Invalid value: ${quote(value)}: must be a string`;
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash === -1 ? "" : apiVersion.slice(0, slash);
}

interface Finding {
  readonly field?: string;
  readonly message: string;
}

function invalidObject(value: unknown, source: SourceRef, findings: readonly Finding[]): ObjectReading {
  const object = refOf(value);
  return {
    kind: "invalid",
    diagnostics: findings.map((finding): Diagnostic => ({
      reason: "InvalidObject",
      severity: "error",
      ...(object === undefined ? {} : { object }),
      ...(finding.field === undefined || finding.field === "" ? {} : { field: finding.field }),
      message: finding.message,
      effect: LEFT_OUT,
      source,
    })),
  };
}

/** Names an object that may be broken, as far as it can be named. */
function refOf(value: unknown): ObjectRef | undefined {
  if (!isMapping(value) || typeof value["kind"] !== "string") return undefined;
  const kind = value["kind"].slice(0, 253);
  const metadata = isMapping(value["metadata"]) ? value["metadata"] : {};
  const text = (value: unknown) => typeof value === "string" ? value.slice(0, 253) : "";
  const namespace = CLUSTER_WIDE.has(kind) ? "" : text(metadata["namespace"]) || "default";
  return { kind, namespace, name: text(metadata["name"]) };
}

const PLAIN_KEY = /^[A-Za-z][A-Za-z0-9]*$/;

/** `spec.rules[0].http.paths[1].pathType`; keys that are no field names stand in brackets: `data[tls.crt]`. */
function fieldPath(steps: readonly unknown[]): string {
  let path = "";
  for (const key of steps) {
    if (typeof key === "number") path += `[${key}]`;
    else if (typeof key === "string" && PLAIN_KEY.test(key)) path += path === "" ? key : `.${key}`;
    else path += `[${String(key).slice(0, 253)}]`;
  }
  return path;
}
