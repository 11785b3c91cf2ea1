/**
 * Names of objects.
 *
 * @module
 */
/** `namespace/name`. */
export function nameOf(object: { readonly metadata: { readonly namespace: string; readonly name: string } }): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}
