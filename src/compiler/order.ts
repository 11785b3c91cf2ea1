/**
 * Which Ingress comes first when two want the same.
 *
 * @module
 */
import type { Ingress } from "../kube/mod.ts";

/** `namespace/name`. */
export function nameOf(object: { readonly metadata: { readonly namespace: string; readonly name: string } }): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}

/** Oldest first; of the same age the greater `namespace/name` first, as ingress-nginx has it. */
export function compareIngresses(a: Ingress, b: Ingress): number {
  const age = a.metadata.creationTimestampMs - b.metadata.creationTimestampMs;
  if (age !== 0) return age;
  const left = nameOf(a);
  const right = nameOf(b);
  return left > right ? -1 : left < right ? 1 : 0;
}
