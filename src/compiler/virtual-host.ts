/**
 * One host with all its Ingresses -> {@link VirtualHost}.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import { policies as families } from "../policy/mod.ts";
import { equalData } from "../snapshot/equal.ts";
import { DEFAULT_TLS_PROFILE, type Policies, type VirtualHost } from "../snapshot/snapshot.ts";
import { diagnose } from "./diagnose.ts";
import { aliasesOf, aliasNames, type FindOwner, ownName } from "./host-names.ts";
import { compileHostTls, type TlsContext } from "./host-tls.ts";
import type { IngressEntry } from "./ingress-entry.ts";
import { makeLocations } from "./locations.ts";
import { collectPaths, type PathContext } from "./paths.ts";
import { refuseDuplicates, refuseOutside } from "./snippet-locations.ts";
import { reportLostSettings } from "./snippet-settings.ts";

/** What a host is compiled with. */
export interface HostContext extends PathContext, TlsContext {
  readonly annotationsPrefix: string;
  findOwner: FindOwner;
}

/** The host and what is to be said about it. */
export interface CompiledHost {
  readonly virtualHost: VirtualHost;
  readonly diagnostics: readonly Diagnostic[];
}

/** Families that do not stand in the snapshot. */
const COMPILER_ONLY: ReadonlySet<string> = new Set(
  families.filter((each) => each.compilerOnly === true).map(({ name }) => name),
);

/** Host-wide policies: of each the one of the first Ingress that has it, else what holds without. Aliases have become names. */
function hostPolicies(
  host: string,
  entries: readonly IngressEntry[],
  { withoutIngress }: HostContext,
  diagnostics: Diagnostic[],
): Policies {
  const policies: Record<string, unknown> = {};
  const owners = new Map<string, { readonly entry: IngressEntry; readonly policy: unknown }>();
  for (const entry of entries) {
    if (entry.ingress.spec.rules.length === 0) continue;
    for (const [name, policy] of Object.entries<unknown>(entry.policies.host)) {
      const owner = owners.get(name);
      if (owner === undefined) {
        owners.set(name, { entry, policy });
        if (!COMPILER_ONLY.has(name)) policies[name] = policy;
      } else if (!equalData(owner.policy, policy)) {
        diagnostics.push(diagnose(entry.ingress, {
          reason: "HostPolicyNotUsed",
          severity: "warning",
          message: `use ${name} for host "${host}": the older Ingress "${owner.entry.name}" has set it`,
          effect: "that of the older one holds for the host",
        }));
      }
    }
  }
  for (const [name, policy] of Object.entries(withoutIngress.hostPolicies)) {
    if (!Object.hasOwn(policies, name)) policies[name] = policy;
  }
  return policies;
}

/** `entries` are in order, and all have a part in the host; only those of `_` may be none. */
export function compileVirtualHost(name: string, entries: readonly IngressEntry[], context: HostContext): CompiledHost {
  const diagnostics: Diagnostic[] = [];
  const aliases = aliasesOf(entries);
  const names = [...ownName(name)];
  if (aliases !== undefined) {
    const annotation = `${context.annotationsPrefix}/server-alias`;
    names.push(...aliasNames(name, aliases, context.findOwner, annotation, diagnostics));
  }
  const tls = compileHostTls(name, names, entries, context, diagnostics);
  const paths = collectPaths(name, entries, context, diagnostics);
  const { regexMode, locations } = makeLocations(name, paths, diagnostics);
  const policies = hostPolicies(name, entries, context, diagnostics);
  const draft = { name, policies, regexMode, locations, entries, annotationsPrefix: context.annotationsPrefix };
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
