/**
 * Ingresses as {@link RouteContribution}s.
 *
 * @module
 */
import type { Ingress, StoreChange, StoreView } from "../../kube/mod.ts";
import type { CompilerOptions } from "../contract.ts";
import { nameOf } from "../order.ts";
import type { RouteTranslator, TouchedObjects, Translation, TranslationContext } from "../route/translator.ts";
import type { AnnotationSettings } from "../settings.ts";
import { type ClassSelector, selectClasses } from "./class.ts";
import { INGRESS } from "./contribution.ts";
import { filterIngress } from "./filter.ts";
import { type LabelSelector, parseLabelSelector } from "./namespace-selector.ts";
import { type EntryContext, PolicyInterner } from "./policies.ts";

/** What the ConfigMap says about Ingresses. */
export interface IngressConfiguration {
  readonly settings: AnnotationSettings;
  readonly entryContext: Omit<EntryContext, "view">;
}

/** Keys are `namespace/name`. */
export class IngressTranslator implements RouteTranslator {
  readonly name = INGRESS;
  readonly #options: CompilerOptions;
  readonly #selector: LabelSelector;
  readonly #accepted: Map<string, Ingress>;
  #classOf: ClassSelector | undefined;
  #interner = new PolicyInterner();
  #configuration: IngressConfiguration | undefined;

  /**
   * @param accepted last version of each Ingress that was fit to be loaded; it reads and writes them
   * @throws {RangeError} `watchNamespaceSelector` is no label selector
   */
  constructor(options: CompilerOptions, accepted: Map<string, Ingress>) {
    const selector = parseLabelSelector(options.watchNamespaceSelector);
    if (selector === undefined) {
      throw new RangeError(
        `Cannot use --watch-namespace-selector "${options.watchNamespaceSelector}": want a label selector such as a=b,c!=d`,
      );
    }
    this.#options = options;
    this.#selector = selector;
    this.#accepted = accepted;
  }

  /** To be called before the first translation, and whenever the ConfigMap changes; all Ingresses are to be translated then. */
  configure(configuration: IngressConfiguration): void {
    this.#configuration = configuration;
    // policies of Ingresses that stay the same must not be shared with those of the former configuration
    this.#interner = new PolicyInterner();
  }

  *keys(view: StoreView): Iterable<string> {
    for (const ingress of view.ingresses()) yield nameOf(ingress);
    // those that a former compiler has left, too
    yield* [...this.#accepted.keys()];
  }

  touched(changes: readonly StoreChange[]): TouchedObjects {
    const keys = new Set<string>();
    let all = false;
    for (const { before, after } of changes) {
      for (const object of [before, after]) {
        switch (object?.kind) {
          case "Ingress":
            keys.add(nameOf(object));
            break;
          case "IngressClass":
            this.#classOf = undefined;
            all = true;
            break;
          case "Namespace":
            if (this.#options.watchNamespaceSelector !== "") all = true;
            break;
        }
      }
    }
    return { all, keys };
  }

  translate(key: string, { view }: TranslationContext): Translation {
    const configuration = this.#configuration;
    if (configuration === undefined) throw new TypeError("Cannot translate Ingresses before the ConfigMap is read");
    const slash = key.indexOf("/");
    const ingress = view.ingress(key.slice(0, slash), key.slice(slash + 1));
    if (ingress === undefined) {
      this.#accepted.delete(key);
      return { contribution: undefined, diagnostics: [] };
    }
    const filtered = filterIngress(ingress, this.#accepted.get(key), {
      view,
      options: this.#options,
      settings: configuration.settings,
      entryContext: configuration.entryContext,
      classOf: this.#classOf ??= selectClasses(view, this.#options),
      selector: this.#selector,
      interner: this.#interner,
    });
    if (filtered.accepted === undefined) this.#accepted.delete(key);
    else this.#accepted.set(key, filtered.accepted);
    return filtered;
  }
}
