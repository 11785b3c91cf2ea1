/**
 * Functions that make diagnostics about objects.
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

/** Returns the reference of an object for diagnostics. */
export function refOf({ kind, metadata: { namespace, name } }: Origin): ObjectRef {
  return { kind, namespace, name };
}

/** Names an object in a message: `Ingress "default/shop"`. */
export function nameOrigin({ kind, metadata: { namespace, name } }: Origin): string {
  return `${kind} "${namespace}/${name}"`;
}

/** Makes a diagnostic about an object, with its source. */
export function diagnose(object: Origin, finding: Omit<Diagnostic, "object" | "source">): Diagnostic {
  return { ...finding, object: refOf(object), source: object.source };
}
