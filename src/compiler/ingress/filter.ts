/**
 * Ingress -> contribution: whose it is, whether it may be loaded, and which of its versions counts.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import type { Ingress, StoreView } from "../../kube/mod.ts";
import { type AnnotationReading, readAnnotations } from "./annotations.ts";
import type { CompilerOptions } from "../contract.ts";
import { inspectDeeply } from "./deep-inspect.ts";
import { diagnose } from "../diagnose.ts";
import type { ClassSelector } from "./class.ts";
import { contribute } from "./contribution.ts";
import type { LabelSelector } from "./namespace-selector.ts";
import type { EntryContext, PolicyInterner } from "./policies.ts";
import type { RouteContribution } from "../route/contribution.ts";
import { type AnnotationSettings, shorten } from "../settings.ts";

/** What became of an Ingress. */
export interface FilteredIngress {
  /** `undefined`: not served. */
  readonly contribution: RouteContribution | undefined;
  /** Last version that was fit to be loaded. */
  readonly accepted: Ingress | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** What Ingresses are judged by. */
export interface FilterContext {
  readonly view: StoreView;
  readonly options: CompilerOptions;
  readonly settings: AnnotationSettings;
  readonly entryContext: Omit<EntryContext, "view">;
  readonly classOf: ClassSelector;
  readonly selector: LabelSelector;
  readonly interner: PolicyInterner;
}

const NOT_SERVED = "the Ingress is not served";

/** Why an Ingress is none of ours, before anything in it is looked at. */
function foreign(
  ingress: Ingress,
  context: FilterContext,
): Omit<Diagnostic, "object" | "source" | "effect"> | undefined {
  const { options, view } = context;
  const { namespace } = ingress.metadata;
  if (options.watchNamespace !== "" && namespace !== options.watchNamespace) {
    return {
      reason: "NamespaceNotWatched",
      severity: "info",
      message: `serve namespace "${namespace}": --watch-namespace is "${options.watchNamespace}"`,
    };
  }
  if (options.watchNamespaceSelector !== "") {
    // the API server puts this label on every namespace
    const labels = { "kubernetes.io/metadata.name": namespace, ...view.namespace(namespace)?.metadata.labels };
    if (!context.selector(labels)) {
      return {
        reason: "NamespaceNotWatched",
        severity: "info",
        message:
          `serve namespace "${namespace}": its labels do not fit --watch-namespace-selector "${options.watchNamespaceSelector}"`,
      };
    }
  }
  const other = context.classOf(ingress);
  if (other !== undefined) {
    return { ...other, reason: "IngressClassNotOurs", severity: "warning", unserved: true };
  }
  if (options.disableCatchAll && ingress.spec.defaultBackend !== null) {
    return {
      reason: "CatchAllDisabled",
      severity: "warning",
      field: "spec.defaultBackend",
      message: "use spec.defaultBackend: --disable-catch-all forbids it",
      unserved: true,
    };
  }
  return undefined;
}

interface Judged {
  readonly rejected: Diagnostic | undefined;
  readonly reading: AnnotationReading;
}

/** Decides whether this version would be loaded. */
function judge(ingress: Ingress, { options, settings }: FilterContext): Judged {
  const reading = readAnnotations(ingress, settings, options);
  const found = options.deepInspect ? inspectDeeply(ingress) : undefined;
  if (found === undefined) return { rejected: reading.rejected, reading };
  return {
    reading,
    rejected: diagnose(ingress, {
      reason: "SuspiciousValue",
      severity: "error",
      field: found.field,
      message: `use "${shorten(found.value)}": it looks like an attempt to break out of a configuration`,
    }),
  };
}

/** `accepted` is the last version that was loaded; it stays in force while the present one may not be. */
export function filterIngress(
  ingress: Ingress,
  accepted: Ingress | undefined,
  context: FilterContext,
): FilteredIngress {
  const outside = foreign(ingress, context);
  if (outside !== undefined) {
    return {
      contribution: undefined,
      accepted: undefined,
      diagnostics: [diagnose(ingress, { ...outside, effect: NOT_SERVED })],
    };
  }
  const present = judge(ingress, context);
  const diagnostics: Diagnostic[] = [];
  let inForce = ingress;
  let { reading } = present;
  if (present.rejected !== undefined) {
    const former = accepted === undefined || accepted === ingress ? undefined : judge(accepted, context);
    const usable = former !== undefined && former.rejected === undefined;
    diagnostics.push({ ...present.rejected, effect: usable ? "its last good version stays in force" : NOT_SERVED });
    if (!usable) {
      return { contribution: undefined, accepted: undefined, diagnostics: [...diagnostics, ...reading.diagnostics] };
    }
    inForce = accepted!;
    reading = former.reading;
  }
  if (reading.canary) {
    return { contribution: undefined, accepted: inForce, diagnostics: [...diagnostics, ...reading.diagnostics] };
  }
  const { view, entryContext, interner } = context;
  const made = contribute(inForce, reading, { view, ...entryContext }, interner);
  return { ...made, accepted: inForce, diagnostics: [...diagnostics, ...made.diagnostics] };
}
