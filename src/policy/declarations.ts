/**
 * Looks up annotation declarations by name.
 *
 * @module
 */
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

/** A declaration together with the policy that it belongs to. */
export interface DeclaredAnnotation {
  readonly declaration: AnnotationDeclaration;
  readonly policy: PolicyModule<unknown>;
}

/** Indexes declarations by key and alias. A name that two policies declare is a programming error: TypeError. */
export function indexDeclarations(policies: readonly PolicyModule<unknown>[]): ReadonlyMap<string, DeclaredAnnotation> {
  const index = new Map<string, DeclaredAnnotation>();
  for (const policy of policies) {
    for (const declaration of policy.annotations) {
      for (const name of [declaration.key, ...declaration.aliases ?? []]) {
        if (index.has(name)) throw new TypeError(`Cannot declare annotation "${name}" of ${policy.name} twice`);
        index.set(name, { declaration, policy });
      }
    }
  }
  return index;
}
