/**
 * Upstreams that snippets name (`set $proxy_upstream_name "namespace-service-port"`): those that there are not are told, as
 * far as the name is written out.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import type { SnippetProgram, Statement } from "../../nginx/mod.ts";
import { DEFAULT_BACKEND, type Upstream } from "../../snapshot/snapshot.ts";
import { diagnose } from "../diagnose.ts";
import type { RouteContribution } from "./contribution.ts";

/** Names that the snippets of a route write out; empty: none. */
export function chosenUpstreams({ policies }: RouteContribution): ReadonlySet<string> {
  const names = new Set<string>();
  for (const program of policies.location["configuration-snippet"]?.programs ?? []) collect(program, names);
  return names;
}

function collect({ statements }: Pick<SnippetProgram, "statements">, names: Set<string>): void {
  for (const statement of statements) collectOf(statement, names);
}

function collectOf(statement: Statement, names: Set<string>): void {
  if (statement.kind === "if") collect(statement.block, names);
  else if (statement.kind === "set" && statement.variable === "proxy_upstream_name") {
    // a name made of variables is known when a request comes
    if (typeof statement.value === "string") names.add(statement.value);
  }
}

/** Findings about those that requests would be answered 503 for. */
export function judgeChosen(
  route: RouteContribution,
  names: Iterable<string>,
  find: (name: string) => Upstream | undefined,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  const { namespace } = route.ref;
  for (const name of names) {
    if (name === DEFAULT_BACKEND) continue;
    const upstream = find(name);
    if (upstream?.namespace === namespace) continue;
    const why = upstream === undefined
      ? `no ${route.origin.kind} refers to such a Service and port`
      : `it belongs to namespace "${upstream.namespace}"`;
    found.push(diagnose(route.origin, {
      reason: "UpstreamNotFound",
      severity: "error",
      ...route.placeOf("configuration-snippet"),
      message: `set $proxy_upstream_name "${name}": want an upstream of namespace "${namespace}" as ` +
        `namespace-service-port; ${why}`,
      effect: "requests that it is set for are answered 503",
    }));
  }
  return found;
}
