/**
 * app-root: a request for exactly `/` is redirected to another path, before the location search.
 *
 * The redirect names the scheme of the connection and the Host field as it came, and drops the query.
 *
 * @module
 */
import { readText } from "./_read.ts";
import { fieldValue } from "./_field-value.ts";
import { pathWithCaptures } from "./_schema.ts";
import { compileText, isTemplate, reportUnknownVariables, templateOf } from "./_template.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "app-root",
  schema: templateOf(pathWithCaptures),
  scope: "host",
  risk: "Medium",
  onInvalid: "ignore",
  guardsAccess: false,
  doc: "A request for `/` is redirected (302) to this path of the host.",
}];

export interface AppRootPolicy {
  /** Absolute path; variables may stand in it. */
  readonly path: string;
}

export const appRoot = {
  name: "app-root",
  scope: "host",
  phase: "rewrite",
  sharedHooks: true,
  annotations,
  parse(input): AppRootPolicy | undefined {
    const path = readText(input, "app-root");
    if (path === undefined) return undefined;
    if (!path.startsWith("/") || !isTemplate(path)) {
      input.report({
        reason: "InvalidAnnotation",
        severity: "warning",
        annotation: "app-root",
        message: `read app-root "${path}": want an absolute path such as /start`,
        effect: "requests for / are not redirected",
      });
      return undefined;
    }
    reportUnknownVariables(input, "app-root", path);
    return { path };
  },
  hooks({ path }) {
    const text = compileText(path);
    return {
      request(c) {
        const exchange = c.env;
        if (exchange.path !== "/") return undefined;
        // $http_host: with its port, and empty for an HTTP/1.0 request without one.
        return {
          status: 302,
          fields: [["Location", `${exchange.scheme}://${exchange.authority}${fieldValue(text(exchange))}`]],
        };
      },
    };
  },
} satisfies PolicyModule<AppRootPolicy, "app-root">;
