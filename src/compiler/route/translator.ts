/**
 * Whoever makes {@link RouteContribution}s: one for each routing API.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import type { StoreChange, StoreView } from "../../kube/mod.ts";
import type { CommonPolicies, RouteContribution } from "./contribution.ts";

/** What objects are translated with. */
export interface TranslationContext {
  readonly view: StoreView;
  /** Policies of locations and hosts about which no object says anything. */
  readonly common: CommonPolicies;
}

/** What one object comes to. */
export interface Translation {
  /** `undefined`: it is not served. */
  readonly contribution: RouteContribution | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Objects to translate again. */
export interface TouchedObjects {
  /** All that there are. */
  readonly all: boolean;
  /** Keys, those of objects that have gone included. */
  readonly keys: Iterable<string>;
}

/** Translates the objects of one routing API. Keys of objects are its own business. */
export interface RouteTranslator {
  /** Unlike that of other translators; without white space. */
  readonly name: string;
  /** Keys of all objects that there may be something to say about. */
  keys(view: StoreView): Iterable<string>;
  /** What the changes touch. Secrets and ConfigMaps in {@link RouteContribution.reads} are seen to elsewhere. */
  touched(changes: readonly StoreChange[]): TouchedObjects;
  /** What the object of that key comes to now; neither contribution nor diagnostics when there is no such object. */
  translate(key: string, context: TranslationContext): Translation;
}
