/**
 * temporal-redirect, permanent-redirect, their codes, relative-redirects: every request of the paths is redirected.
 *
 * Answered in the rewrite step: before the redirect to HTTPS, authentication and address lists, and without endpoints.
 *
 * @module
 */
import { redirectLocation } from "../http/mod.ts";
import { fieldValue } from "./_field-value.ts";
import { readFlag, readInteger, readText } from "./_read.ts";
import { boolean, integer, url } from "./_schema.ts";
import { compileText, isTemplate, reportUnknownVariables } from "./_template.ts";
import type { Answer } from "../http/exchange.ts";
import type { AnnotationDeclaration, PolicyInput, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [
  {
    key: "temporal-redirect",
    schema: url,
    scope: "location",
    risk: "Medium",
    onInvalid: "drop-ingress",
    guardsAccess: false,
    doc: "Every request is redirected (302) to exactly this http or https URL. Wins over permanent-redirect.",
  },
  {
    key: "temporal-redirect-code",
    schema: integer,
    scope: "location",
    risk: "Low",
    onInvalid: "drop-ingress",
    guardsAccess: false,
    doc: "Status of temporal-redirect, 300 to 307; others become 302.",
  },
  {
    key: "permanent-redirect",
    schema: url,
    scope: "location",
    risk: "Medium",
    onInvalid: "drop-ingress",
    guardsAccess: false,
    doc: "Every request is redirected (301) to exactly this URL or path.",
  },
  {
    key: "permanent-redirect-code",
    schema: integer,
    scope: "location",
    risk: "Low",
    onInvalid: "drop-ingress",
    guardsAccess: false,
    doc: "Status of permanent-redirect, 300 to 308; others become 301.",
  },
  {
    key: "relative-redirects",
    schema: boolean,
    scope: "location",
    risk: "Low",
    onInvalid: "drop-ingress",
    guardsAccess: false,
    doc:
      "`true`: a path as the target of a redirect is sent as it is; otherwise as an absolute URL. Default: that of the ConfigMap, false.",
  },
];

export interface RedirectPolicy {
  /** Variables may stand in it when annotations are not validated. */
  readonly location: string;
  /** 300..308 */
  readonly status: number;
  /** A location that is a path is sent as it is. */
  readonly relative: boolean;
  /** An absolute URL made of a path names the port of the connection. */
  readonly withPort: boolean;
}

/** nginx's return sends a Location with these only; with others the text is the body. */
const WITH_LOCATION: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function inRange(code: number | undefined, last: number, fallback: number): number {
  return code !== undefined && code >= 300 && code <= last ? code : fallback;
}

/** Reports what is wrong with the variables of a target; false when it is no target at all. */
function checkVariables(input: PolicyInput, annotation: string, text: string): boolean {
  if (isTemplate(text)) {
    reportUnknownVariables(input, annotation, text);
    return true;
  }
  input.report({
    reason: "InvalidAnnotation",
    severity: "warning",
    annotation,
    message: `read ${annotation} "${text}": want a name or a digit after each $`,
    effect: "requests are not redirected",
  });
  return false;
}

export const redirect = {
  name: "redirect",
  scope: "location",
  phase: "rewrite",
  sharedHooks: true,
  offRoot: true,
  annotations,
  parse(input): RedirectPolicy | undefined {
    const relative = readFlag(input, "relative-redirects");
    const withPort = readFlag(input, "use-port-in-redirects");
    const temporal = readText(input, "temporal-redirect");
    if (temporal !== undefined) {
      if (!/^https?:\/\/[^/?]/i.test(temporal)) {
        input.report({
          reason: "InvalidAnnotation",
          severity: "warning",
          annotation: "temporal-redirect",
          message: `read temporal-redirect "${temporal}": want a URL that begins with http:// or https://`,
          effect: "requests are not redirected, by permanent-redirect neither",
        });
        return undefined;
      }
      if (!checkVariables(input, "temporal-redirect", temporal)) return undefined;
      const status = inRange(readInteger(input, "temporal-redirect-code"), 307, 302);
      return { location: temporal, status, relative, withPort };
    }
    const permanent = readText(input, "permanent-redirect");
    if (permanent === undefined || !checkVariables(input, "permanent-redirect", permanent)) return undefined;
    const status = inRange(readInteger(input, "permanent-redirect-code"), 308, 301);
    return { location: permanent, status, relative, withPort };
  },
  hooks({ location, status, relative, withPort }) {
    const fixed: Answer = WITH_LOCATION.has(status)
      ? { status, fields: [["Location", location]] }
      : { status, body: status === 304 ? "" : location };
    if (location.includes("$")) {
      const target = compileText(location);
      return {
        request(c) {
          const exchange = c.env;
          if (exchange.rewriteEnded) return undefined;
          const text = target(exchange);
          if (!WITH_LOCATION.has(status)) return { status, body: status === 304 ? "" : text };
          const value = redirectLocation(exchange, fieldValue(text), { relative, withPort });
          return { status, fields: [["Location", value]] };
        },
      };
    }
    if (relative || !location.startsWith("/") || !WITH_LOCATION.has(status)) {
      return { request: (c) => c.env.rewriteEnded ? undefined : fixed };
    }
    return {
      request(c) {
        const exchange = c.env;
        if (exchange.rewriteEnded) return undefined;
        return { status, fields: [["Location", redirectLocation(exchange, location, { relative, withPort })]] };
      },
    };
  },
} satisfies PolicyModule<RedirectPolicy, "redirect">;
