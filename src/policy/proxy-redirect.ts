/**
 * proxy-redirect-from and proxy-redirect-to: replaces the beginning of Location and Refresh of upstreams (nginx
 * proxy_redirect).
 *
 * @module
 */
import { redirectLocation } from "../http/mod.ts";
import { fieldValue } from "./_field-value.ts";
import { readFlag, readText } from "./_read.ts";
import { url } from "./_schema.ts";
import { compileText, isTemplate, reportUnknownVariables } from "./_template.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const common = { schema: url, scope: "location", risk: "Medium", onInvalid: "ignore", guardsAccess: false } as const;

const annotations: readonly AnnotationDeclaration[] = [
  {
    ...common,
    key: "proxy-redirect-from",
    doc:
      "Beginning of Location and Refresh of the upstream that is replaced; `off`. Default: that of the ConfigMap, off.",
  },
  {
    ...common,
    key: "proxy-redirect-to",
    doc: "What it is replaced by; `off`. Default: that of the ConfigMap, off.",
  },
];

export interface ProxyRedirectPolicy {
  readonly from: string;
  readonly to: string;
  /** A Location that has become a path is sent as it is. */
  readonly relative: boolean;
  /** A Location that has become a path gets the port of the connection. Absent: no. */
  readonly withPort?: true;
}

export const proxyRedirect = {
  name: "proxy-redirect",
  scope: "location",
  phase: "access",
  sharedHooks: true,
  withoutIngress: true,
  annotations,
  parse(input): ProxyRedirectPolicy | undefined {
    const from = readText(input, "proxy-redirect-from") ?? input.config.get("proxy-redirect-from");
    const to = readText(input, "proxy-redirect-to") ?? input.config.get("proxy-redirect-to");
    // `default` replaces the address that nginx itself uses for the upstream, which no upstream knows.
    if (from === "off" || from === "default" || to === "off") return undefined;
    if (from.startsWith("~") && readText(input, "proxy-redirect-from") === undefined) {
      const wanted = "plain text, no regular expression";
      input.config.reportValue("proxy-redirect-from", from, wanted, "Location and Refresh pass unchanged");
      return undefined;
    }
    if (from.startsWith("~")) {
      input.report({
        reason: "AnnotationNotHonoured",
        severity: "warning",
        annotation: "proxy-redirect-from",
        message: `read proxy-redirect-from "${from}": regular expressions are not supported, want plain text`,
        effect: "Location and Refresh pass unchanged",
      });
      return undefined;
    }
    for (const key of ["proxy-redirect-from", "proxy-redirect-to"] as const) {
      const own = readText(input, key);
      const text = own ?? (key === "proxy-redirect-from" ? from : to);
      if (isTemplate(text)) {
        if (own !== undefined) reportUnknownVariables(input, key, own);
        continue;
      }
      const wanted = "a name or a digit after each $";
      if (own === undefined) input.config.reportValue(key, text, wanted, "Location and Refresh pass unchanged");
      else {
        input.report({
          reason: "InvalidAnnotation",
          severity: "warning",
          annotation: key,
          message: `read ${key} "${text}": want ${wanted}`,
          effect: "Location and Refresh pass unchanged",
        });
      }
      return undefined;
    }
    const withPort = readFlag(input, "use-port-in-redirects");
    return { from, to, relative: readFlag(input, "relative-redirects"), ...withPort ? { withPort } : {} };
  },
  hooks({ from: fromText, to: toText, relative, withPort = false }) {
    const form = { relative, withPort };
    const makeFrom = compileText(fromText);
    const makeTo = compileText(toText);
    return {
      response(c) {
        const { attempts, response } = c.env;
        if (attempts.length === 0 || response === null) return;
        const location = response.get("location");
        const from = makeFrom(c.env);
        const to = fieldValue(makeTo(c.env));
        if (location?.startsWith(from)) {
          const replaced = to + location.slice(from.length);
          response.set("Location", redirectLocation(c.env, replaced, form));
        }
        const refresh = response.get("refresh");
        if (refresh === undefined) return;
        const start = refresh.toLowerCase().indexOf("url=") + 4;
        if (start === 3 || !refresh.startsWith(from, start)) return;
        response.set("Refresh", refresh.slice(0, start) + to + refresh.slice(start + from.length));
      },
    };
  },
} satisfies PolicyModule<ProxyRedirectPolicy, "proxy-redirect">;
