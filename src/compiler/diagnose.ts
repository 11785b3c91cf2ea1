/**
 * Small makers of diagnostics about objects.
 *
 * @module
 */
import type { Diagnostic, ObjectRef } from "../diagnostic.ts";
import type { KubeObject } from "../kube/mod.ts";

/** Names an object as diagnostics do. */
export function refOf(object: KubeObject): ObjectRef {
  return { kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name };
}

/** A finding about an object, with the place it was read from. */
export function diagnose(
  object: KubeObject,
  finding: Omit<Diagnostic, "object" | "source">,
): Diagnostic {
  return { ...finding, object: refOf(object), source: object.source };
}
