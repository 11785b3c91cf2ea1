/**
 * configuration-snippet, and location-snippet of the ConfigMap: nginx directives for the paths of an Ingress.
 *
 * Statements run in the rewrite step, `allow` and `deny` in the access step, header directives before proxying and on
 * every response. What the host's snippets set is inherited by nginx's rules.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_rewrite_module.html
 * @module
 */
import { compileLocationProgram, type SnippetProgram } from "../nginx/mod.ts";
import { annotationProgram, configProgram, GLOBAL_SERVER_SNIPPET, SERVER_SNIPPET, serverProgram } from "./_snippet.ts";
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
  key: "configuration-snippet",
  schema: anything,
  scope: "location",
  risk: "Critical",
  onInvalid: "ignore",
  guardsAccess: false,
  doc:
    "Directives of nginx for the paths: `if`, `return`, `rewrite`, `set`, header directives and more. Text that is no configuration closes them.",
}];

export interface ConfigurationSnippetPolicy {
  /** That of the annotation, then that of the ConfigMap; at least one. */
  readonly programs: readonly SnippetProgram[];
}

export const configurationSnippet: HookedModule<
  ConfigurationSnippetPolicy | undefined,
  "configuration-snippet"
> = {
  name: "configuration-snippet",
  scope: "location",
  phase: "rewrite",
  withoutIngress: true,
  joins: [SERVER_SNIPPET, GLOBAL_SERVER_SNIPPET],
  annotations,
  parse(input): ConfigurationSnippetPolicy | undefined {
    const found = [annotationProgram(input, "configuration-snippet"), configProgram(input, "location-snippet")];
    const programs = found.filter((program) => program !== undefined);
    return programs.length === 0 ? undefined : { programs };
  },
  hooks(policy: ConfigurationSnippetPolicy | undefined, { hostPolicies }): PolicyHooks | undefined {
    const program = compileLocationProgram(serverProgram(hostPolicies), policy?.programs ?? []);
    const { rewrite, access, upstreamFields, response, errorPage } = program;
    return {
      ...rewrite === undefined ? {} : {
        request(c: ExchangeContext): RequestVerdict {
          const verdict = rewrite(c.env);
          return verdict === "restart" ? SEARCH_AGAIN : verdict;
        },
      },
      ...access === undefined && upstreamFields === undefined ? {} : {
        access(c: ExchangeContext): RequestVerdict {
          const verdict = access?.(c.env);
          if (verdict === undefined) upstreamFields?.(c.env);
          return verdict;
        },
      },
      ...response === undefined ? {} : { response: (c: ExchangeContext) => response(c.env) },
      ...errorPage === undefined ? {} : { errorPage },
    };
  },
};
