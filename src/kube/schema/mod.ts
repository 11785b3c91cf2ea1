/**
 * Checks unknown values, and returns well-formed objects or diagnostics.
 *
 * @module
 */
import * as v from "valibot";
import type { Diagnostic, ObjectRef, SourceRef } from "../../diagnostic.ts";
import { nearest } from "../../unit/mod.ts";
import { type ObjectKey, objectKey } from "../objects.ts";
import { isMapping, quote } from "./field.ts";
import { CLUSTER_WIDE, type KubeObject, SCHEMAS } from "./kinds.ts";
import { isDnsSubdomain } from "./name.ts";
import { foreignKind } from "./foreign-kind.ts";
import { hostlessRules } from "./hostless-rule.ts";
import { missingPathTypes } from "./path-type.ts";
import { type UnknownField, unknownIngressFields } from "./unknown-field.ts";

/** Result of reading a value. `passed-over`: a kind that is not read. */
export type ObjectReading =
  | { readonly kind: "object"; readonly object: KubeObject; readonly warnings: readonly Diagnostic[] }
  | { readonly kind: "passed-over" }
  /** `refused`: key of the object; `null`: unknown. */
  | { readonly kind: "invalid"; readonly refused: ObjectKey | null; readonly diagnostics: readonly Diagnostic[] };

/** Bound of the diagnostics of one object. */
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
    // Kinds of other groups may have the same name (Service of Knative); another version of a built-in group is a
    // mistake.
    const group = groupOf(apiVersion);
    const isMistake = Object.keys(versions).some((version) => groupOf(version) === group) ||
      isBuiltIn(group) || nearest(group, Object.keys(versions).map(groupOf)) !== undefined;
    if (!isMistake) return { kind: "passed-over" };
    const supported = Object.keys(versions).map((version) => `"${version}"`).join(", ");
    const message = `Unsupported value: ${quote(apiVersion)}: supported values: ${supported}`;
    return invalidObject(value, source, [{ field: "apiVersion", message }]);
  }
  const result = v.safeParse(versions[apiVersion]!, value, { abortPipeEarly: true });
  if (result.success) {
    const object = { ...result.output, source } as KubeObject;
    const warnings = object.kind === "Ingress" ? ingressWarnings(value, apiVersion, source) : NO_WARNINGS;
    return { kind: "object", object, warnings };
  }
  const findings = result.issues.slice(0, MAX_FINDINGS).map((issue) => ({
    field: fieldPath((issue.path ?? []).map((item) => item.key)),
    message: issue.message,
  }));
  const invalid = invalidObject(value, source, findings);
  if (kind !== "Ingress" || invalid.kind !== "invalid") return invalid;
  // A missing field may stand under an unknown name.
  const isTold = (field: string): boolean => findings.some((each) => isWithin(field, each.field));
  const more = unknownFields(value, apiVersion, source, LEFT_OUT).filter(({ field = "" }) => !isTold(field));
  return { ...invalid, diagnostics: [...invalid.diagnostics, ...more] };
}

/** True when a diagnostic about `told` covers the field; the spec covers all of an Ingress. */
function isWithin(field: string, told: string): boolean {
  return told !== "spec" && field.startsWith(told) && /^[.[]/.test(field.slice(told.length));
}

/** True for a group of Kubernetes itself; other groups may have kinds with the same names. */
function isBuiltIn(group: string): boolean {
  return !group.includes(".") || group.endsWith(".k8s.io");
}

/** Other kinds are ignored, but a misspelt kind must not remove an object without a diagnostic. */
function unknownKind(kind: string, apiVersion: string, value: unknown, source: SourceRef): ObjectReading {
  const group = groupOf(apiVersion);
  const foreign = foreignKind(group, kind);
  if (foreign !== undefined) return foreignObject(foreign, kind, value, source);
  const kinds = Object.entries(SCHEMAS)
    .filter(([, versions]) => Object.keys(versions).some((version) => groupOf(version) === group))
    .map(([known]) => known);
  const like = nearest(kind, kinds);
  if (like === undefined) return { kind: "passed-over" };
  const message = `unknown kind ${quote(kind)} of ${apiVersion.slice(0, 253)}; the nearest known one is ${like}`;
  const object = refOf(value);
  return {
    kind: "invalid",
    refused: refusedKey(value, like),
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

function ingressWarnings(value: unknown, apiVersion: string, source: SourceRef): readonly Diagnostic[] {
  const unknown = unknownFields(value, apiVersion, source);
  // v1 is the first version that requires it.
  const missing = apiVersion.endsWith("/v1") ? missingPathTypes(value) : [];
  const hostless = hostlessRules(value);
  if (unknown.length === 0 && missing.length === 0 && hostless.length === 0) return NO_WARNINGS;
  const object = refOf(value);
  return [
    ...unknown,
    ...hostless.map(({ path, why }): Diagnostic => ({
      reason: "RuleWithoutHost",
      // What was to be served for one host is served for all of them.
      severity: why === "split" ? "error" : "warning",
      ...(object === undefined ? {} : { object }),
      field: fieldPath(path),
      message: why === "split"
        ? "the rule has paths and no host, and the one before it a host and no paths: they may be one rule, with a dash too many"
        : "the host is null",
      effect: "the rule, which has no host, is for all hosts",
      source,
    })),
    ...missing.map((path): Diagnostic => ({
      reason: "PathTypeMissing",
      severity: "warning",
      ...(object === undefined ? {} : { object }),
      field: fieldPath(path),
      message: "Required value: pathType must be Exact, Prefix or ImplementationSpecific; the API server refuses an " +
        "Ingress without it",
      effect: "it counts as ImplementationSpecific",
      source,
    })),
  ];
}

const NOT_READ = "the field is not read";
const WIDENED = {
  "all-hosts": `${NOT_READ}, and the rule, which has no host, is for all hosts`,
  "no-paths": `${NOT_READ}, and the rule, which has no http, serves nothing`,
  "all-paths": `${NOT_READ}, and the path, which is empty, takes all paths of the host`,
} as const;

/** @param effect effect on the object. Default: it is served without the field */
function unknownFields(value: unknown, apiVersion: string, source: SourceRef, effect?: string): Diagnostic[] {
  const found = unknownIngressFields(value, apiVersion.endsWith("/v1beta1"));
  const object = refOf(value);
  return found.map(({ path, like, widens }: UnknownField): Diagnostic => ({
    reason: "UnknownField",
    // A rule for one host is served for all hosts, or not at all.
    severity: widens === undefined ? "warning" : "error",
    ...(object === undefined ? {} : { object }),
    field: fieldPath(path),
    message: `unknown field: an Ingress of ${apiVersion} has none of this name here` +
      (like === undefined ? "" : `; the nearest known one is ${like}`),
    effect: effect ?? (widens === undefined ? NOT_READ : WIDENED[widens]),
    source,
  }));
}

/** Diagnostic for a kind that its author expects to be served. */
function foreignObject(whose: string, kind: string, value: unknown, source: SourceRef): ObjectReading {
  const object = refOf(value);
  return {
    kind: "invalid",
    // not a kind that is read, whatever its name
    refused: objectKey(kind, "", ""),
    diagnostics: [{
      reason: "KindNotServed",
      severity: "warning",
      ...(object === undefined ? {} : { object }),
      field: "kind",
      message: `serve ${kind} of ${whose}: only Ingresses of networking.k8s.io are served`,
      effect: LEFT_OUT,
      unserved: true,
      source,
    }],
  };
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
    refused: isMapping(value) ? refusedKey(value, value["kind"]) : null,
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

function refusedKey(value: unknown, kind: unknown): ObjectKey | null {
  const metadata = isMapping(value) ? value["metadata"] : undefined;
  if (typeof kind !== "string" || kind === "" || !isMapping(metadata)) return null;
  const { name } = metadata;
  const namespace = CLUSTER_WIDE.has(kind) ? "" : metadata["namespace"] ?? "default";
  if (typeof name !== "string" || !isDnsSubdomain(name) || typeof namespace !== "string") return null;
  return objectKey(kind, CLUSTER_WIDE.has(kind) ? "" : namespace || "default", name);
}

/** Returns the reference of an object that may be malformed, as far as it is readable. */
function refOf(value: unknown): ObjectRef | undefined {
  if (!isMapping(value) || typeof value["kind"] !== "string") return undefined;
  const kind = value["kind"].slice(0, 253);
  const metadata = isMapping(value["metadata"]) ? value["metadata"] : {};
  const text = (value: unknown) => typeof value === "string" ? value.slice(0, 253) : "";
  const namespace = CLUSTER_WIDE.has(kind) ? "" : text(metadata["namespace"]) || "default";
  return { kind, namespace, name: text(metadata["name"]) };
}

const PLAIN_KEY = /^[A-Za-z][A-Za-z0-9]*$/;

/**
 * Formats a path: `spec.rules[0].http.paths[1].pathType`; keys that are no field names are in brackets:
 * `data[tls.crt]`.
 */
function fieldPath(steps: readonly unknown[]): string {
  let path = "";
  for (const key of steps) {
    if (typeof key === "number") path += `[${key}]`;
    else if (typeof key === "string" && PLAIN_KEY.test(key)) path += path === "" ? key : `.${key}`;
    else path += `[${String(key).slice(0, 253)}]`;
  }
  return path;
}
