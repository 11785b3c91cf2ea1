/**
 * Snippets: text of an annotation or the ConfigMap -> program, and the programs of a host made to run together.
 *
 * @module
 */
import {
  compileServerProgram,
  type Finding,
  type ParsedSnippet,
  parseSnippet,
  type ServerProgram,
  type SnippetContext,
  type SnippetProgram,
} from "../nginx/mod.ts";
import type { Policies } from "../snapshot/snapshot.ts";
import { readText } from "./_read.ts";
import type { PolicyInput } from "./contract.ts";

/** Data of the policies that are one snippet. */
export interface SnippetPolicy {
  readonly program: SnippetProgram;
}

/** Names of the host-wide policies, which locations look for. */
export const SERVER_SNIPPET = "server-snippet";
export const GLOBAL_SERVER_SNIPPET = "global-server-snippet";

/** Parsed snippets by place, known variables and text: thousands of Ingresses often have the same. */
const parsed = new Map<string, ParsedSnippet>();
const MAX_PARSED = 1000;

function parseOnce(
  text: string,
  context: SnippetContext,
  variables: readonly string[],
  undecided: readonly string[] = [],
): ParsedSnippet {
  const key = `${context} ${variables.join(" ")} | ${undecided.join(" ")}\n${text}`;
  let snippet = parsed.get(key);
  if (snippet === undefined) {
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(key, snippet = parseSnippet(text, context, { variables, undecided }));
  }
  return snippet;
}

const GROUP = /\(\?P?[<']([A-Za-z_]\w*)[>']/g;

/** Variables that hosts and paths of the Ingress make: their named groups. */
function groupNames(input: PolicyInput): string[] {
  const names = new Set<string>();
  if (input.hosts.some((host) => host.startsWith("*."))) names.add("subdomain");
  for (const path of input.paths) {
    for (const [, name] of path.matchAll(GROUP)) names.add(name!.toLowerCase());
  }
  return [...names];
}

const CONFIG_CONTEXT = { "server-snippet": "server", "location-snippet": "location" } as const;
type ConfigKey = keyof typeof CONFIG_CONTEXT;

const ofConfig = new WeakMap<PolicyInput["config"], ReadonlyMap<ConfigKey, ParsedSnippet>>();

/** Both snippets of the ConfigMap; each may use the other's variables. */
function configSnippets(input: PolicyInput): ReadonlyMap<ConfigKey, ParsedSnippet> {
  const known = ofConfig.get(input.config);
  if (known !== undefined) return known;
  const texts = (Object.keys(CONFIG_CONTEXT) as ConfigKey[]).flatMap((key) => {
    const text = input.config.get(key);
    return text === "" ? [] : [[key, text] as const];
  });
  const first = texts.map(([key, text]) => parseOnce(text, CONFIG_CONTEXT[key], []));
  const variables = first.flatMap((snippet) => snippet.variables).concat("subdomain").sort();
  const undecided = first.flatMap((snippet) => snippet.undecided).sort();
  const snippets = new Map(
    texts.map(([key, text]) => [key, parseOnce(text, CONFIG_CONTEXT[key], variables, undecided)]),
  );
  for (const [key, { findings }] of snippets) {
    for (const finding of findings) input.config.report(key, describe(key, finding));
  }
  ofConfig.set(input.config, snippets);
  return snippets;
}

/** Program of a key of the ConfigMap, the same object each time; its findings are reported once. */
export function configProgram(input: PolicyInput, key: ConfigKey): SnippetProgram | undefined {
  return configSnippets(input).get(key)?.program;
}

/**
 * Program of an annotation, with its findings reported. Known are the variables of the ConfigMap's snippets, of the other
 * snippet of the Ingress, and of its hosts and paths.
 */
export function annotationProgram(
  input: PolicyInput,
  key: "server-snippet" | "configuration-snippet",
): SnippetProgram | undefined {
  const text = readText(input, key);
  if (text === undefined) return undefined;
  const [context, otherKey, otherContext] = key === "server-snippet"
    ? ["server", "configuration-snippet", "location"] as const
    : ["location", "server-snippet", "server"] as const;
  const other = readText(input, otherKey);
  const others = [...configSnippets(input).values()];
  if (other !== undefined) others.push(parseOnce(other, otherContext, []));
  const variables = new Set([...others.flatMap((snippet) => snippet.variables), ...groupNames(input)]);
  const undecided = new Set(others.flatMap((snippet) => snippet.undecided));
  const { program, findings } = parseOnce(text, context, [...variables].sort(), [...undecided].sort());
  for (const finding of findings) input.report({ annotation: key, ...describe(key, finding) });
  return program;
}

/** Lines and columns are those of the snippet. */
function describe(key: string, { reason, severity, message, effect, line, column }: Finding) {
  return {
    reason,
    severity,
    message: `read ${key}, line ${line}, column ${column}: ${message}`,
    ...effect === "" ? {} : { effect },
  };
}

const programs = new WeakMap<Policies, ServerProgram>();

/** Snippets of a host, compiled once for all its locations; `null`: it has none. */
export function serverProgram(hostPolicies: Policies): ServerProgram | null {
  const own = hostPolicies[SERVER_SNIPPET];
  const global = hostPolicies[GLOBAL_SERVER_SNIPPET];
  if (own === undefined && global === undefined) return null;
  let program = programs.get(hostPolicies);
  if (program === undefined) {
    program = compileServerProgram(own?.program ?? null, global?.program ?? null);
    programs.set(hostPolicies, program);
  }
  return program;
}
