/**
 * Small makers of diagnostics about objects.
 *
 * @module
 */
import type { Diagnostic, ObjectRef, SourceRef } from "../diagnostic.ts";

/** What a finding is about: any object that was read. */
export interface Origin {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly source: SourceRef;
}

/** Names an object as diagnostics do. */
export function refOf({ kind, metadata: { namespace, name } }: Origin): ObjectRef {
  return { kind, namespace, name };
}

/** Names an object in a message: `Ingress "default/shop"`. */
export function nameOrigin({ kind, metadata: { namespace, name } }: Origin): string {
  return `${kind} "${namespace}/${name}"`;
}

/** A finding about an object, with the place it was read from. */
export function diagnose(object: Origin, finding: Omit<Diagnostic, "object" | "source">): Diagnostic {
  return { ...finding, object: refOf(object), source: object.source };
}
