/**
 * Which Ingresses are ours: by spec.ingressClassName, else by the annotation kubernetes.io/ingress.class, else none.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class
 * @module
 */
import type { Ingress, StoreView } from "../kube/mod.ts";
import type { CompilerOptions } from "./contract.ts";

const LEGACY_ANNOTATION = "kubernetes.io/ingress.class";

/** Tells why an Ingress is not ours; `undefined`: it is. */
export type ClassSelector = (ingress: Ingress) => string | undefined;

type Options = Pick<
  CompilerOptions,
  "ingressClass" | "controllerClass" | "ingressClassByName" | "watchIngressWithoutClass"
>;

/** Reads the IngressClass objects once; make a new selector when one of them changes. */
export function selectClasses(view: StoreView, options: Options): ClassSelector {
  const owned = new Set<string>();
  let known = 0;
  for (const { metadata: { name }, spec } of view.ingressClasses()) {
    known++;
    if (spec.controller === options.controllerClass) owned.add(name);
    else if (options.ingressClassByName && name === options.ingressClass) owned.add(name);
  }
  // a folder of manifests seldom brings the class along; in a cluster there is always the object
  if (known === 0) owned.add(options.ingressClass);
  return ({ spec, metadata }) => {
    if (spec.ingressClassName !== "") {
      return owned.has(spec.ingressClassName)
        ? undefined
        : `ingressClassName "${spec.ingressClassName}" names no IngressClass of this controller`;
    }
    const legacy = metadata.annotations[LEGACY_ANNOTATION] ?? "";
    if (legacy !== "") {
      return legacy === options.ingressClass
        ? undefined
        : `annotation ${LEGACY_ANNOTATION} is "${legacy}", wanted "${options.ingressClass}"`;
    }
    return options.watchIngressWithoutClass ? undefined : "no ingressClassName is set";
  };
}
