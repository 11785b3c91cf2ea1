/**
 * Turns the policies of a location or host into the functions that run for its requests.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Exchange } from "../../http/exchange.ts";
import type { HookScope, PolicyHooks, PolicyModule } from "../../policy/mod.ts";
import type { Policies } from "../../snapshot/snapshot.ts";
import type { ResponseStep, Step } from "./hook-chain.ts";

/** What runs, by phase, each in order of execution. */
export interface CompiledHooks {
  readonly rewrite: readonly Step[];
  readonly access: readonly Step[];
  readonly response: readonly ResponseStep[];
  readonly middleware: readonly MiddlewareHandler<{ Bindings: Exchange }>[];
  readonly locate: readonly NonNullable<PolicyHooks["locate"]>[];
  readonly errorPages: readonly NonNullable<PolicyHooks["errorPage"]>[];
}

/**
 * Compiles those of `modules` that are of that scope and stand in `data`.
 *
 * @throws what a policy's `hooks` throws: the caller answers 503 then, because a rule that cannot be built must not be
 * passed over
 */
export function compileHooks(
  scope: PolicyModule<unknown>["scope"],
  data: Policies,
  hookScope: HookScope,
  modules: readonly PolicyModule<any>[],
): CompiledHooks {
  const rewrite: Step[] = [];
  const access: Step[] = [];
  const response: ResponseStep[] = [];
  const middleware: MiddlewareHandler<{ Bindings: Exchange }>[] = [];
  const locate: NonNullable<PolicyHooks["locate"]>[] = [];
  const errorPages: NonNullable<PolicyHooks["errorPage"]>[] = [];
  for (const module of modules) {
    if (module.scope !== scope) continue;
    const policy = data[module.name];
    if (policy === undefined && !module.joins?.some((name) => hookScope.hostPolicies[name] !== undefined)) continue;
    const hooks = module.hooks?.(policy, hookScope);
    if (hooks === undefined) continue;
    if (hooks.request !== undefined) (module.phase === "rewrite" ? rewrite : access).push(hooks.request);
    if (hooks.access !== undefined) access.push(hooks.access);
    if (hooks.response !== undefined) response.push(hooks.response);
    if (hooks.middleware !== undefined) middleware.push(hooks.middleware);
    if (hooks.locate !== undefined) locate.push(hooks.locate);
    if (hooks.errorPage !== undefined) errorPages.push(hooks.errorPage);
  }
  return { rewrite, access, response, middleware, locate, errorPages };
}
