/**
 * rewrite-target: the path of the request is replaced by another, with groups of the Ingress path as `$1` to `$9`.
 *
 * The Ingress path is a case-insensitive regex that may match anywhere in the normalised path; the target takes the place
 * of the whole path and the query stays (nginx `rewrite "(?i)PATH" TARGET break`). A target equal to the path of a
 * location does nothing there. The compiler reads the policy too: a location that is rewritten makes regexes of all paths
 * of the host ({@link rewrites}).
 *
 * @see https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#rewrite
 * @module
 */
import type { Exchange } from "../http/exchange.ts";
import { compilePattern, fromBytes, instantiate, type Matcher, toBytes, unescapeRedirect } from "../nginx/mod.ts";
import { fieldValue } from "./_field-value.ts";
import { readText } from "./_read.ts";
import { pathWithCaptures } from "./_schema.ts";
import { compileText, isTemplate, reportUnknownVariables, templateOf } from "./_template.ts";
import type { AnnotationDeclaration, PolicyHooks, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "rewrite-target",
  schema: templateOf(pathWithCaptures),
  scope: "location",
  risk: "Medium",
  onInvalid: "ignore",
  guardsAccess: false,
  doc:
    "What the path is replaced by, with groups of the Ingress path as `$1` to `$9`. Makes regular expressions of all paths of the host.",
}];

export interface RewriteTargetPolicy {
  /** As written. */
  readonly target: string;
}

/** True when a location with this path is rewritten, and so is a regex. */
export function rewrites(policy: RewriteTargetPolicy | undefined, path: string): boolean {
  return policy !== undefined && policy.target !== path;
}

/**
 * Unanchored as in nginx. Where that is not safe to run natively, anchored at the start: what the location search has
 * matched there, this finds there too.
 */
function compilePath(path: string): Matcher | undefined {
  const text = toBytes(path);
  const anywhere = compilePattern(text, { caseInsensitive: true, bytes: true });
  if (anywhere.ok && anywhere.pattern.engine === "native") return instantiate(anywhere.pattern);
  const anchored = compilePattern(text, { caseInsensitive: true, prefix: "^", bytes: true });
  const chosen = anchored.ok ? anchored : anywhere;
  return chosen.ok ? instantiate(chosen.pattern) : undefined;
}

/** A target that begins with a scheme is a redirect (302). */
function redirectHooks(matcher: Matcher, target: string): PolicyHooks {
  const dropsQuery = target.endsWith("?");
  const location = compileText(dropsQuery ? target.slice(0, -1) : target, true);
  const joint = target.includes("?") ? "&" : "?";
  return {
    request(c) {
      const exchange = c.env;
      if (exchange.rewriteEnded || !match(matcher, exchange)) return undefined;
      const { query } = exchange;
      const rest = dropsQuery || query === undefined || query === "" ? "" : joint + query;
      return { status: 302, fields: [["Location", fieldValue(unescapeRedirect(location(exchange))) + rest]] };
    },
  };
}

function match(matcher: Matcher, exchange: Exchange): boolean {
  const captures = matcher.exec(toBytes(exchange.path));
  if (captures === null) return false;
  exchange.captures = captures;
  if (matcher.groups.size > 0) {
    exchange.variables ??= new Map();
    for (const [name, group] of matcher.groups) exchange.variables.set(name.toLowerCase(), captures[group] ?? "");
  }
  return true;
}

export const rewriteTarget = {
  name: "rewrite-target",
  scope: "location",
  phase: "rewrite",
  offRoot: true,
  annotations,
  parse(input): RewriteTargetPolicy | undefined {
    const target = readText(input, "rewrite-target");
    if (target === undefined || !isTemplate(target)) return undefined;
    reportUnknownVariables(input, "rewrite-target", target);
    return { target };
  },
  hooks(policy, { location, matchPath }) {
    if (location === null) return undefined;
    const own = matchPath ?? location.path;
    if (!rewrites(policy, own)) return undefined;
    const { target } = policy;
    const matcher = compilePath(own);
    // The location search would have refused this path; a request must not get through unchanged in any case.
    if (matcher === undefined) {
      const failure = { code: "denied", cause: `path "${own}" is no expression that can be used` } as const;
      return { request: () => ({ status: 503, failure }) };
    }
    if (/^(?:https?:\/\/|\$scheme)/.test(target)) return redirectHooks(matcher, target);

    const mark = target.indexOf("?");
    const newPath = compileText(mark === -1 ? target : target.slice(0, mark));
    const newQuery = mark === -1 || mark === target.length - 1
      ? undefined
      : compileText(target.endsWith("?") ? target.slice(mark + 1, -1) : target.slice(mark + 1), true);
    const dropsQuery = target.endsWith("?");
    return {
      request(c) {
        const exchange = c.env;
        if (exchange.rewriteEnded || !match(matcher, exchange)) return undefined;
        const path = newPath(exchange);
        // The query is made of the former path's captures, like the path.
        const query = newQuery?.(exchange);
        // nginx would send a target without a slash as it is, and answer 500 to an empty one: no upstream gains by that.
        exchange.path = fromBytes(path.startsWith("/") ? path : `/${path}`);
        if (query !== undefined) {
          exchange.query = dropsQuery || exchange.query === undefined || exchange.query === ""
            ? query
            : `${query}&${exchange.query}`;
        } else if (dropsQuery) exchange.query = undefined;
        exchange.rewritten = true;
        return undefined;
      },
    };
  },
} satisfies PolicyModule<RewriteTargetPolicy, "rewrite-target">;
