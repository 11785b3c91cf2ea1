/**
 * Which Ingresses are ours: by spec.ingressClassName, else by the annotation kubernetes.io/ingress.class, else by the
 * default IngressClass, which the API server of a cluster writes into an Ingress that has neither.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class
 * @see https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import type { Ingress, IngressClass, StoreView } from "../../kube/mod.ts";
import { nearest } from "../../unit/mod.ts";
import type { CompilerOptions } from "../contract.ts";
import { shorten } from "../settings.ts";

const LEGACY_ANNOTATION = "kubernetes.io/ingress.class";
const DEFAULT_ANNOTATION = "ingressclass.kubernetes.io/is-default-class";

/** Why an Ingress is not ours, and what in it says so. */
export type OtherClass = Pick<Diagnostic, "message" | "field" | "annotation">;

/** Tells why an Ingress is not ours; `undefined`: it is. */
export type ClassSelector = (ingress: Ingress) => OtherClass | undefined;

const FIELD = "spec.ingressClassName";

type Options = Pick<
  CompilerOptions,
  "ingressClass" | "controllerClass" | "ingressClassByName" | "watchIngressWithoutClass"
>;

/** Reads the IngressClass objects once; make a new selector when one of them changes. */
export function selectClasses(view: StoreView, options: Options): ClassSelector {
  const owned = new Set<string>();
  let known = 0;
  let byDefault: IngressClass | undefined;
  for (const ingressClass of view.ingressClasses()) {
    const { metadata: { name, annotations }, spec } = ingressClass;
    known++;
    if (annotations[DEFAULT_ANNOTATION] === "true" && (byDefault === undefined || precedes(ingressClass, byDefault))) {
      byDefault = ingressClass;
    }
    if (spec.controller === options.controllerClass) owned.add(name);
    else if (options.ingressClassByName && name === options.ingressClass) owned.add(name);
  }
  // a folder of manifests seldom brings the class along; in a cluster there is always the object
  if (known === 0) owned.add(options.ingressClass);
  return ({ spec, metadata }) => {
    if (spec.ingressClassName !== "") {
      return owned.has(spec.ingressClassName) ? undefined : notOurs(spec.ingressClassName, owned);
    }
    const legacy = metadata.annotations[LEGACY_ANNOTATION];
    if (legacy !== undefined && legacy !== "") {
      return legacy === options.ingressClass ? undefined : {
        annotation: LEGACY_ANNOTATION,
        message: `annotation ${LEGACY_ANNOTATION} is "${legacy}", wanted "${options.ingressClass}"`,
      };
    }
    // an annotation without a value keeps the API server from filling in the default, too
    if (byDefault !== undefined && legacy === undefined) {
      const { name } = byDefault.metadata;
      return owned.has(name) ? undefined : {
        field: FIELD,
        message: `no ingressClassName is set, and the default IngressClass "${name}" is not of this controller`,
      };
    }
    return options.watchIngressWithoutClass ? undefined : withoutClass(metadata.annotations);
  };
}

function notOurs(name: string, owned: ReadonlySet<string>): OtherClass {
  const like = nearest(name, owned);
  const hint = like === undefined ? "" : `; the nearest one that does is "${like}"`;
  return {
    field: FIELD,
    message: `ingressClassName "${shorten(name)}" names no IngressClass of this controller${hint}`,
  };
}

function withoutClass(annotations: Ingress["metadata"]["annotations"]): OtherClass {
  const message = "no ingressClassName is set";
  for (const name in annotations) {
    if (name === LEGACY_ANNOTATION || nearest(name, [LEGACY_ANNOTATION]) === undefined) continue;
    return { annotation: name, message: `${message}, and annotation ${shorten(name)} is not ${LEGACY_ANNOTATION}` };
  }
  return { field: FIELD, message };
}

/** Of several default classes the newest counts, as with the API server; of those of one age the first by name. */
function precedes({ metadata: a }: IngressClass, { metadata: b }: IngressClass): boolean {
  if (a.creationTimestampMs !== b.creationTimestampMs) return a.creationTimestampMs > b.creationTimestampMs;
  return a.name < b.name;
}
