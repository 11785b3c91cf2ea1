/**
 * ssl-redirect, force-ssl-redirect, preserve-trailing-slash, use-port-in-redirects: plain HTTP is sent to HTTPS.
 *
 * Runs last of the rewrite step: a snippet's return, a redirect or a CORS preflight answers before it. The scheme is the
 * one seen by the outermost proxy, and only the exact text `http` is redirected.
 *
 * @module
 */
import { readFlag, sharedDefaults } from "./_read.ts";
import { boolean } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [
  {
    key: "ssl-redirect",
    schema: boolean,
    scope: "location",
    risk: "Low",
    onInvalid: "ignore",
    guardsAccess: false,
    doc:
      "Plain HTTP is redirected to HTTPS when the host has a certificate. Default: ssl-redirect of the ConfigMap, true.",
  },
  {
    key: "force-ssl-redirect",
    schema: boolean,
    scope: "location",
    risk: "Medium",
    onInvalid: "ignore",
    guardsAccess: false,
    doc:
      "Plain HTTP is redirected to HTTPS even where the host has no certificate. Default: that of the ConfigMap, false.",
  },
  {
    key: "preserve-trailing-slash",
    schema: boolean,
    scope: "location",
    risk: "Medium",
    onInvalid: "ignore",
    guardsAccess: false,
    doc: "The redirect to HTTPS keeps a slash at the end of the URI. Default: that of the ConfigMap, false.",
  },
  {
    key: "use-port-in-redirects",
    schema: boolean,
    scope: "location",
    risk: "Low",
    onInvalid: "ignore",
    guardsAccess: false,
    doc: "The redirect to HTTPS names the HTTPS port. Default: that of the ConfigMap, false.",
  },
];

export interface SslRedirectPolicy {
  readonly when: "never" | "has-certificate" | "always";
  readonly preserveTrailingSlash: boolean;
  readonly withPort: boolean;
}

/** Host of a Host field: without the port. */
function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(":");
  return colon === -1 || authority.endsWith("]") ? authority : authority.slice(0, colon);
}

export const sslRedirect = {
  name: "ssl-redirect",
  scope: "location",
  phase: "rewrite",
  offRoot: true,
  annotations,
  parse: sharedDefaults(annotations.map(({ key }) => key), (input): SslRedirectPolicy => {
    const ssl = readFlag(input, "ssl-redirect");
    return {
      when: readFlag(input, "force-ssl-redirect") ? "always" : ssl ? "has-certificate" : "never",
      preserveTrailingSlash: readFlag(input, "preserve-trailing-slash"),
      withPort: readFlag(input, "use-port-in-redirects"),
    };
  }),
  hooks({ when, preserveTrailingSlash, withPort }, scope) {
    if (when === "never" || scope.location === null) return undefined;
    const { path } = scope.location;
    // The path of the location, not that of the request.
    if (scope.globals.redirect.noTlsRedirectLocations.some((prefix) => prefix !== "" && path.startsWith(prefix))) {
      return undefined;
    }
    const { code } = scope.globals.redirect;
    const port = withPort ? `:${scope.globals.ports.https}` : "";
    return {
      request(c) {
        const exchange = c.env;
        if (exchange.forwardedScheme !== "http") return undefined;
        if (when === "has-certificate" && !scope.hasCertificate(exchange.host)) return undefined;
        const { target } = exchange;
        const uri = !preserveTrailingSlash && target.endsWith("/") ? target.slice(0, -1) : target;
        return { status: code, fields: [["Location", `https://${withoutPort(exchange.forwardedHost)}${port}${uri}`]] };
      },
    };
  },
} satisfies PolicyModule<SslRedirectPolicy, "ssl-redirect">;
