/**
 * Turns the policies of a location or host into the functions that run for its requests.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Exchange } from "../../http/exchange.ts";
import { type HookScope, policies, type PolicyHooks, type PolicyModule } from "../../policy/mod.ts";
import type { Policies } from "../../snapshot/snapshot.ts";
import type { ResponseStep, Step } from "./hook-chain.ts";

/** Hooks by phase, each list in order of execution. */
export interface CompiledHooks {
  readonly rewrite: readonly Step[];
  readonly access: readonly Step[];
  readonly response: readonly ResponseStep[];
  readonly middleware: readonly MiddlewareHandler<{ Bindings: Exchange }>[];
  readonly locate: readonly NonNullable<PolicyHooks["locate"]>[];
  readonly errorPages: readonly NonNullable<PolicyHooks["errorPage"]>[];
  readonly body: readonly NonNullable<PolicyHooks["body"]>[];
  readonly replace: readonly NonNullable<PolicyHooks["replace"]>[];
  readonly end: readonly NonNullable<PolicyHooks["end"]>[];
  /** Some are not of the house: they may keep the exchange or its Context, or leave something in it. */
  readonly foreign: boolean;
}

/**
 * Compiles the modules of a scope whose policies `data` contains.
 *
 * @throws what a policy's `hooks` throws; the caller then answers 503, because a rule that cannot be built must not be skipped
 */
export function compileHooks(
  scope: PolicyModule<unknown>["scope"],
  data: Policies,
  hookScope: HookScope,
  modules: readonly PolicyModule<unknown>[],
): CompiledHooks {
  const rewrite: Step[] = [];
  const access: Step[] = [];
  const response: ResponseStep[] = [];
  const middleware: MiddlewareHandler<{ Bindings: Exchange }>[] = [];
  const locate: NonNullable<PolicyHooks["locate"]>[] = [];
  const errorPages: NonNullable<PolicyHooks["errorPage"]>[] = [];
  const body: NonNullable<PolicyHooks["body"]>[] = [];
  const replace: NonNullable<PolicyHooks["replace"]>[] = [];
  const end: NonNullable<PolicyHooks["end"]>[] = [];
  let foreign = false;
  const own: Readonly<Record<string, unknown>> = data;
  const ofHost: Readonly<Record<string, unknown>> = hookScope.hostPolicies;
  for (const module of modules) {
    if (module.scope !== scope) continue;
    const policy = own[module.name];
    if (policy === undefined && !module.joins?.some((name) => ofHost[name] !== undefined)) continue;
    const hooks = hooksOf(module, policy, hookScope);
    if (hooks === undefined) continue;
    if (!OF_THE_HOUSE.has(module)) foreign = true;
    if (hooks.request !== undefined) (module.phase === "rewrite" ? rewrite : access).push(hooks.request);
    if (hooks.access !== undefined) access.push(hooks.access);
    if (hooks.response !== undefined) response.push(hooks.response);
    if (hooks.middleware !== undefined) middleware.push(hooks.middleware);
    if (hooks.locate !== undefined) locate.push(hooks.locate);
    if (hooks.errorPage !== undefined) errorPages.push(hooks.errorPage);
    if (hooks.body !== undefined) body.push(hooks.body);
    if (hooks.replace !== undefined) replace.push(hooks.replace);
    if (hooks.end !== undefined) end.push(hooks.end);
  }
  return {
    rewrite: shared(rewrite),
    access: shared(access),
    response: responseSteps(response),
    middleware: shared(middleware),
    locate: shared(locate),
    errorPages: shared(errorPages),
    body: shared(body),
    replace: shared(replace),
    end: shared(end),
    foreign,
  };
}

// Many locations share few policies, so their common hooks are made once.

const NONE: readonly never[] = [];
const OF_THE_HOUSE: ReadonlySet<PolicyModule<unknown>> = new Set(policies);

function shared<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list;
}

const single = new WeakMap<ResponseStep, readonly ResponseStep[]>();

function responseSteps(list: readonly ResponseStep[]): readonly ResponseStep[] {
  if (list.length !== 1) return shared(list);
  const known = single.get(list[0]!);
  if (known !== undefined) return known;
  single.set(list[0]!, list);
  return list;
}

const byPolicy = new WeakMap<PolicyModule<unknown>, WeakMap<object, PolicyHooks | null>>();

/** Hooks that depend on the policy only are made once for each policy object. */
function hooksOf(module: PolicyModule<unknown>, policy: unknown, scope: HookScope): PolicyHooks | undefined {
  if (module.hooks === undefined) return undefined;
  if (module.sharedHooks !== true || typeof policy !== "object" || policy === null) return module.hooks(policy, scope);
  let known = byPolicy.get(module);
  if (known === undefined) byPolicy.set(module, known = new WeakMap());
  let hooks = known.get(policy);
  if (hooks === undefined) known.set(policy, hooks = module.hooks(policy, scope) ?? null);
  return hooks ?? undefined;
}
