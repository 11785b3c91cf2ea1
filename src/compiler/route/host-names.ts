/**
 * Names that a virtual host answers to: its own, and the aliases of annotation server-alias.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import { CATCH_ALL, type HostName } from "../../snapshot/snapshot.ts";
import { diagnose } from "../diagnose.ts";
import type { RouteContribution } from "./contribution.ts";
import { escapeLiteral } from "./locations.ts";
import { compileCached } from "./pattern-cache.ts";

/** Aliases that one route brings to a host. */
export interface HostAliases {
  readonly route: RouteContribution;
  /** As written, lower-cased but for regexes. */
  readonly aliases: readonly string[];
}

/** Aliases of a host: of its first route that has any. */
export function aliasesOf(routes: readonly RouteContribution[]): HostAliases | undefined {
  for (const route of routes) {
    const policy = route.policies.host["server-alias"];
    if (policy === undefined || route.hostless) continue;
    const aliases = policy.aliases.map((alias) => alias.startsWith("~") ? alias : alias.toLowerCase());
    return { route, aliases: [...new Set(aliases)] };
  }
  return undefined;
}

/** Own name of a virtual host: exact, or one label for the star of a wildcard host. */
export function ownName(host: string): readonly HostName[] {
  if (host === CATCH_ALL) return [];
  if (!host.startsWith("*.")) return [{ kind: "exact", name: host }];
  const text = `^(?<subdomain>[\\w-]+)${escapeLiteral(host.slice(1))}$`;
  const result = compileCached(text, { caseInsensitive: false });
  if (!result.ok) throw new TypeError(`Cannot compile wildcard host "${host}": ${result.message}`);
  return [{ kind: "regex", pattern: result.pattern }];
}

const LABELS = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/;

function parseAlias(alias: string): readonly HostName[] | string {
  if (alias.startsWith("~")) {
    const result = compileCached(alias.slice(1), { caseInsensitive: true });
    return result.ok
      ? [{ kind: "regex", pattern: result.pattern }]
      : `${result.message} (at character ${result.offset + 2})`;
  }
  const wanted = "want a name, *.name, name.* or ~ and a regular expression";
  if (alias.startsWith("*.")) {
    const suffix = alias.slice(1);
    return LABELS.test(suffix.slice(1)) ? [{ kind: "leading-wildcard", suffix }] : wanted;
  }
  if (alias.endsWith(".*")) {
    const prefix = alias.slice(0, -1);
    return LABELS.test(prefix.slice(0, -1)) ? [{ kind: "trailing-wildcard", prefix }] : wanted;
  }
  // nginx reads ".a.example" as both the name and all names under it
  if (alias.startsWith(".")) {
    const name = alias.slice(1);
    return LABELS.test(name) ? [{ kind: "exact", name }, { kind: "leading-wildcard", suffix: alias }] : wanted;
  }
  return LABELS.test(alias) ? [{ kind: "exact", name: alias.endsWith(".") ? alias.slice(0, -1) : alias }] : wanted;
}

/** Finds another owner of the name: a rule host, or an earlier host with the same alias; `undefined`: none. */
export type FindOwner = (alias: string) => string | undefined;

/** Names by aliases. Those that others have are left out. */
export function aliasNames(
  host: string,
  { route, aliases }: HostAliases,
  findOwner: FindOwner,
  diagnostics: Diagnostic[],
): readonly HostName[] {
  const names: HostName[] = [];
  const report = (reason: string, message: string): void => {
    diagnostics.push(
      diagnose(route.origin, {
        reason,
        severity: "warning",
        ...route.placeOf("server-alias"),
        message,
        effect: "the alias is left out",
      }),
    );
  };
  for (const alias of aliases) {
    if (alias === host) continue;
    const owner = findOwner(alias);
    if (owner !== undefined) {
      report("DuplicateHost", `serve alias "${alias}" of host "${host}": ${owner}`);
      continue;
    }
    const parsed = parseAlias(alias);
    if (typeof parsed === "string") report("InvalidAlias", `read alias "${alias}" of host "${host}": ${parsed}`);
    else names.push(...parsed);
  }
  return names;
}
