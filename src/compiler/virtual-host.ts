/**
 * One host with all its Ingresses -> {@link VirtualHost}.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { Policies, VirtualHost } from "../snapshot/snapshot.ts";
import { aliasesOf, aliasNames, type FindOwner, ownName } from "./host-names.ts";
import { compileHostTls, type TlsContext } from "./host-tls.ts";
import type { IngressEntry } from "./ingress-entry.ts";
import { makeLocations } from "./locations.ts";
import { collectPaths, type PathContext } from "./paths.ts";

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

/** Host-wide policies: of each the one of the first Ingress that has it, else what holds without. Aliases have become names. */
function hostPolicies(entries: readonly IngressEntry[], { withoutIngress }: HostContext): Policies {
  const policies: Record<string, unknown> = {};
  for (const entry of entries) {
    if (entry.ingress.spec.rules.length === 0) continue;
    for (const [name, policy] of Object.entries(entry.policies.host)) {
      if (name !== "server-alias" && !Object.hasOwn(policies, name)) policies[name] = policy;
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
  return {
    virtualHost: { name, names, tls, policies: hostPolicies(entries, context), regexMode, locations },
    diagnostics,
  };
}
