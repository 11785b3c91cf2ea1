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
import { encodePath } from "../http/mod.ts";
import { compilePattern, instantiate, type Matcher } from "../nginx/mod.ts";
import { fieldValue } from "./_field-value.ts";
import { readText } from "./_read.ts";
import { pathWithCaptures } from "./_schema.ts";
import { compileText } from "./_text.ts";
import { variable } from "./_variable.ts";
import type { AnnotationDeclaration, PolicyHooks, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "rewrite-target",
  schema: pathWithCaptures,
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

/** Is a location with this path rewritten, and so a regex? */
export function rewrites(policy: RewriteTargetPolicy | undefined, path: string): boolean {
  return policy !== undefined && policy.target !== path;
}

/**
 * Unanchored as in nginx. Where that is not safe to run natively, anchored at the start: what the location search has
 * matched there, this finds there too.
 */
function compilePath(path: string): Matcher | undefined {
  const anywhere = compilePattern(path, { caseInsensitive: true });
  if (anywhere.ok && anywhere.pattern.engine === "native") return instantiate(anywhere.pattern);
  const anchored = compilePattern(path, { caseInsensitive: true, prefix: "^" });
  const chosen = anchored.ok ? anchored : anywhere;
  return chosen.ok ? instantiate(chosen.pattern) : undefined;
}

/** Captures of a path with escapes are escaped again where they become part of a query, as nginx does. */
function escapeInQuery(exchange: Exchange, capture: string): string {
  if (!exchange.target.includes("%")) return capture;
  return encodePath(capture).replace(/[&+;]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A target that begins with a scheme is a redirect (302). */
function redirectHooks(matcher: Matcher, target: string): PolicyHooks {
  const dropsQuery = target.endsWith("?");
  const location = compileText(dropsQuery ? target.slice(0, -1) : target, variable, escapeInQuery);
  const joint = target.includes("?") ? "&" : "?";
  return {
    request(c) {
      const exchange = c.env;
      if (exchange.rewriteEnded || !match(matcher, exchange)) return undefined;
      const { query } = exchange;
      const rest = dropsQuery || query === undefined || query === "" ? "" : joint + query;
      return { status: 302, fields: [["Location", fieldValue(location(exchange)) + rest]] };
    },
  };
}

function match(matcher: Matcher, exchange: Exchange): boolean {
  const captures = matcher.exec(exchange.path);
  if (captures === null) return false;
  exchange.captures = captures;
  if (matcher.groups.size > 0) {
    exchange.variables ??= new Map();
    for (const [name, group] of matcher.groups) exchange.variables.set(name, captures[group] ?? "");
  }
  return true;
}

export const rewriteTarget = {
  name: "rewrite-target",
  scope: "location",
  phase: "rewrite",
  annotations,
  parse(input): RewriteTargetPolicy | undefined {
    const target = readText(input, "rewrite-target");
    return target === undefined ? undefined : { target };
  },
  hooks(policy, { location }) {
    if (location === null || !rewrites(policy, location.path)) return undefined;
    const { target } = policy;
    const matcher = compilePath(location.path);
    // The location search would have refused this path; a request must not get through unchanged in any case.
    if (matcher === undefined) return { request: () => ({ status: 503 }) };
    if (/^(?:https?:\/\/|\$scheme)/.test(target)) return redirectHooks(matcher, target);

    const mark = target.indexOf("?");
    const newPath = compileText(mark === -1 ? target : target.slice(0, mark), variable);
    const newQuery = mark === -1 || mark === target.length - 1 ? undefined : compileText(
      target.endsWith("?") ? target.slice(mark + 1, -1) : target.slice(mark + 1),
      variable,
      escapeInQuery,
    );
    const dropsQuery = target.endsWith("?");
    return {
      request(c) {
        const exchange = c.env;
        if (exchange.rewriteEnded || !match(matcher, exchange)) return undefined;
        const path = newPath(exchange);
        // The query is made of the former path's captures, like the path.
        const query = newQuery?.(exchange);
        // nginx would send a target without a slash as it is, and answer 500 to an empty one: no upstream gains by that.
        exchange.path = path.startsWith("/") ? path : `/${path}`;
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
} satisfies PolicyModule<RewriteTargetPolicy>;
