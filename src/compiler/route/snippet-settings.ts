/**
 * Settings of snippets that have no effect because of other snippets of the host, or for want of a location block there.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import { type BlockMatch, instantiate, type LocationBlock, type SnippetProgram, toBytes } from "../../nginx/mod.ts";
import { diagnose } from "../diagnose.ts";
import type { RouteContribution } from "./contribution.ts";
import type { HostDraft } from "./snippet-locations.ts";

type Setting = SnippetProgram["settings"][number];

/** nginx takes one of each at one level. Which of two snippets counts here. */
const COUNTS: ReadonlyMap<Setting["kind"], "first" | "last"> = new Map([
  ["default_type", "last"],
  ["expires", "last"],
  ["large_client_header_buffers", "first"],
]);

/** Tells of settings without effect. */
export function reportLostSettings(draft: HostDraft, diagnostics: Diagnostic[]): void {
  const { policies, routes } = draft;
  const server = [policies["server-snippet"]?.program, policies["global-server-snippet"]?.program]
    .filter((program) => program !== undefined);
  const blocks = server.flatMap(({ locations }) => locations);
  const owner = routes.find(({ policies: { host } }) => host["server-snippet"] !== undefined) ?? routes[0];
  const told = new Set<string>();
  const report = (route: RouteContribution | undefined, message: string, effect: string): void => {
    const text = `use a snippet on host "${draft.name}": ${message}`;
    const key = `${route?.id} ${text}`;
    if (route === undefined || told.has(key)) return;
    told.add(key);
    const severity = "warning";
    diagnostics.push(diagnose(route.origin, { reason: "DirectiveWithoutEffect", severity, message: text, effect }));
  };
  const look = (route: RouteContribution | undefined, programs: readonly SnippetProgram[]): void => {
    const [first, second] = programs;
    if (first !== undefined && second !== undefined) {
      for (const [message, effect] of lostBetween(first, second)) report(route, message, effect);
    }
    for (const target of programs.flatMap(pageTargets)) {
      if (blocks.some(({ match }) => leadsTo(target, match))) continue;
      report(
        route,
        `error_page leads to "${target}", which no location of a server-snippet takes`,
        "its page is not sent",
      );
    }
  };
  look(owner, server);
  const seen = new Set<unknown>();
  for (const { ingress, policies: { "configuration-snippet": policy } } of draft.locations) {
    if (policy === undefined || seen.has(policy)) continue;
    seen.add(policy);
    look(routes.find(({ ref }) => ref === ingress), policy.programs);
  }
}

/** What one of two snippets at the same level has in vain. */
function* lostBetween(own: SnippetProgram, ofConfigMap: SnippetProgram): Iterable<[message: string, effect: string]> {
  for (const { kind } of own.settings) {
    const counts = COUNTS.get(kind);
    if (counts === undefined || !ofConfigMap.settings.some((other) => other.kind === kind)) continue;
    const effect = `that of the ${counts === "first" ? "Ingress" : "ConfigMap"} holds`;
    yield [`${kind} stands in the snippets of both the Ingress and the ConfigMap`, effect];
  }
  const pages = new Set(own.settings.flatMap((each) => each.kind === "error_page" ? each.statuses : []));
  for (const setting of ofConfigMap.settings) {
    if (setting.kind !== "error_page") continue;
    const statuses = setting.statuses.filter((status) => pages.has(status));
    if (statuses.length === 0) continue;
    yield [`error_page for ${statuses.join(", ")} stands in both snippets`, "that of the Ingress holds"];
  }
}

/** Written out: `@name` or a path. Those with variables are not known before. */
function pageTargets({ settings, statements, locations }: SnippetProgram): string[] {
  const inner = [
    ...settings,
    ...statements.flatMap((statement) => statement.kind === "if" ? statement.block.settings : []),
  ];
  return [
    ...inner.flatMap((setting): string[] => {
      if (setting.kind !== "error_page") return [];
      const { target } = setting;
      if (target.kind === "named") return [`@${target.name}`];
      return target.kind === "uri" && typeof target.uri === "string" ? [target.uri] : [];
    }),
    ...locations.flatMap((block: LocationBlock) => pageTargets(block.program)),
  ];
}

function leadsTo(target: string, match: BlockMatch): boolean {
  if (match.kind === "named") return target === `@${match.name}`;
  // both as bytes
  const path = target.replace(/\?.*/s, "");
  switch (match.kind) {
    case "exact":
      return path === toBytes(match.path);
    case "prefix":
      return path.startsWith(toBytes(match.path));
    case "regex":
      return instantiate(match.pattern).test(path);
    default:
      return match satisfies never;
  }
}
