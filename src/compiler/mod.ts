/**
 * Compiles objects to a snapshot and diagnostics: pure, deterministic, and incremental by virtual host, upstream and
 * certificate. The same objects give the same snapshot; unchanged parts keep their identity.
 *
 * @example
 * ```ts ignore
 * const compiler = createCompiler(options);
 * const first = compiler.compile(store, []);
 * const next = compiler.compile(store, store.apply(batch));
 * ```
 *
 * @module
 */
import { IncrementalCompiler } from "./compiler.ts";
import { type Compiler, COMPILER_DEFAULTS, type CompilerOptions } from "./contract.ts";
import type { RouteTranslator } from "./route/translator.ts";

export { type Compilation, type Compiler, COMPILER_DEFAULTS, type CompilerOptions } from "./contract.ts";
export { createLastGood, type GoodCertificate, type LastGood } from "./last-good.ts";
export type {
  CommonPolicies,
  Rank,
  RouteBackend,
  RouteCertificate,
  RouteContribution,
  RouteFallback,
  RouteMatch,
  RoutePolicies,
  UpstreamMention,
  UpstreamTarget,
} from "./route/contribution.ts";
export { routeId } from "./route/contribution.ts";
export type { RouteTranslator, TouchedObjects, Translation, TranslationContext } from "./route/translator.ts";
export { upstreamId } from "./route/upstream-id.ts";
export { type LabelSelector, parseLabelSelector } from "./ingress/namespace-selector.ts";

/**
 * Makes a compiler without state.
 *
 * @param translators of routing APIs beside that of Ingresses
 * @throws RangeError when `watchNamespaceSelector` is no label selector.
 */
export function createCompiler(
  options: Partial<CompilerOptions> = {},
  translators: readonly RouteTranslator[] = [],
): Compiler {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return new IncrementalCompiler({ ...COMPILER_DEFAULTS, ...Object.fromEntries(given) }, translators);
}
