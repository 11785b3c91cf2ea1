/**
 * server-snippet: nginx directives for a host, of the annotation and of the ConfigMap.
 *
 * Statements of the annotation's run first of all, those of the ConfigMap's after app-root. Location blocks compete with
 * the paths of the host; other settings are inherited by its locations (see configuration-snippet).
 *
 * @see https://nginx.org/en/docs/http/ngx_http_rewrite_module.html
 * @module
 */
import {
  annotationProgram,
  configProgram,
  GLOBAL_SERVER_SNIPPET,
  SERVER_SNIPPET,
  serverProgram,
  type SnippetPolicy,
} from "./_snippet.ts";
import { anything } from "./_schema.ts";
import {
  type AnnotationDeclaration,
  type ExchangeContext,
  type HookedModule,
  type PolicyHooks,
  type RequestVerdict,
  SEARCH_AGAIN,
} from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "server-snippet",
  schema: anything,
  scope: "host",
  risk: "Critical",
  onInvalid: "ignore",
  guardsAccess: false,
  doc:
    "Directives of nginx for the host: `if`, `return`, `rewrite`, `set`, `location`, header directives and more. Text that is no configuration closes the host.",
}];

/** The annotation's, and what both snippets have beside statements. */
export const serverSnippet: HookedModule<SnippetPolicy | undefined, "server-snippet"> = {
  name: SERVER_SNIPPET,
  scope: "host",
  phase: "rewrite",
  joins: [GLOBAL_SERVER_SNIPPET],
  annotations,
  parse(input): SnippetPolicy | undefined {
    const program = annotationProgram(input, "server-snippet");
    return program === undefined ? undefined : { program };
  },
  hooks(_policy: SnippetPolicy | undefined, { hostPolicies }): PolicyHooks | undefined {
    const program = serverProgram(hostPolicies);
    if (program === null) return undefined;
    const { rewrite, locations, response } = program;
    return {
      ...rewrite === undefined ? {} : { request: (c: ExchangeContext) => rewrite(c.env) },
      ...locations === undefined ? {} : {
        locate(exchange, found) {
          const block = locations.find(exchange, found);
          if (block === undefined) return undefined;
          return (c): RequestVerdict => {
            const verdict = block.handle(c.env);
            return verdict === "restart" ? SEARCH_AGAIN : verdict;
          };
        },
      },
      ...response === undefined ? {} : {
        response(c: ExchangeContext) {
          // A location has its own, with these inherited.
          if (c.env.location === null) response(c.env);
        },
      },
    };
  },
};

/** The statements of the ConfigMap's. */
export const globalServerSnippet: HookedModule<SnippetPolicy | undefined, "global-server-snippet"> = {
  name: GLOBAL_SERVER_SNIPPET,
  scope: "host",
  phase: "rewrite",
  withoutIngress: true,
  annotations: [],
  parse(input): SnippetPolicy | undefined {
    const program = configProgram(input, "server-snippet");
    return program === undefined ? undefined : { program };
  },
  hooks(_policy, { hostPolicies }): PolicyHooks | undefined {
    const run = serverProgram(hostPolicies)?.rewriteLast;
    return run === undefined ? undefined : { request: (c) => run(c.env) };
  },
};
