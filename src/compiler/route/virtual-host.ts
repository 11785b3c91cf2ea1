/**
 * One host with all its routes -> {@link VirtualHost}.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import { policies as families } from "../../policy/mod.ts";
import { equalData } from "../../snapshot/mod.ts";
import { DEFAULT_TLS_PROFILE, type Policies, type VirtualHost } from "../../snapshot/snapshot.ts";
import { diagnose, nameOrigin } from "../diagnose.ts";
import { aliasesOf, aliasNames, type FindOwner, ownName } from "./host-names.ts";
import { compileHostTls, type TlsContext } from "./host-tls.ts";
import type { RouteContribution } from "./contribution.ts";
import { makeLocations } from "./locations.ts";
import { collectPaths, type PathContext } from "./paths.ts";
import { refuseDuplicates, refuseOutside } from "./snippet-locations.ts";
import { reportLostSettings } from "./snippet-settings.ts";

/** What a host is compiled with. */
export interface HostContext extends PathContext, TlsContext {
  findOwner: FindOwner;
}

/** The host and its diagnostics. */
export interface CompiledHost {
  readonly virtualHost: VirtualHost;
  readonly diagnostics: readonly Diagnostic[];
}

/** Families that do not stand in the snapshot. */
const COMPILER_ONLY: ReadonlySet<string> = new Set(
  families.filter((each) => each.compilerOnly === true).map(({ name }) => name),
);

/** Host-wide policies: of each the one of the first route that has it, else what holds without. Aliases have become names. */
function hostPolicies(
  host: string,
  routes: readonly RouteContribution[],
  { common }: HostContext,
  diagnostics: Diagnostic[],
): Policies {
  const policies: Record<string, unknown> = {};
  const owners = new Map<string, { readonly route: RouteContribution; readonly policy: unknown }>();
  for (const route of routes) {
    if (route.hostless) continue;
    for (const [name, policy] of Object.entries<unknown>(route.policies.host)) {
      const owner = owners.get(name);
      if (owner === undefined) {
        owners.set(name, { route, policy });
        if (!COMPILER_ONLY.has(name)) policies[name] = policy;
      } else if (!equalData(owner.policy, policy)) {
        diagnostics.push(diagnose(route.origin, {
          reason: "HostPolicyNotUsed",
          severity: "warning",
          message: `use ${name} for host "${host}": the older ${nameOrigin(owner.route.origin)} has set it`,
          effect: "that of the older one holds for the host",
        }));
      }
    }
  }
  for (const [name, policy] of Object.entries(common.hostPolicies)) {
    if (!Object.hasOwn(policies, name)) policies[name] = policy;
  }
  return policies;
}

/** `routes` are in order, and all have a part in the host; only those of `_` may be none. */
export function compileVirtualHost(
  name: string,
  routes: readonly RouteContribution[],
  context: HostContext,
): CompiledHost {
  const diagnostics: Diagnostic[] = [];
  const aliases = aliasesOf(routes);
  const names = [...ownName(name)];
  if (aliases !== undefined) {
    names.push(...aliasNames(name, aliases, context.findOwner, diagnostics));
  }
  const tls = compileHostTls(name, names, routes, context, diagnostics);
  const paths = collectPaths(name, routes, context, diagnostics);
  const { regexMode, locations } = makeLocations(name, paths, diagnostics);
  const policies = hostPolicies(name, routes, context, diagnostics);
  const draft = { name, policies, regexMode, locations, routes };
  reportLostSettings(draft, diagnostics);
  return {
    virtualHost: {
      name,
      names,
      tls,
      tlsProfile: DEFAULT_TLS_PROFILE,
      policies: refuseDuplicates(draft, diagnostics),
      regexMode,
      locations: refuseOutside(draft, diagnostics),
    },
    diagnostics,
  };
}
