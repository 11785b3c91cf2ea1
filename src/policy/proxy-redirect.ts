/**
 * proxy-redirect-from and proxy-redirect-to: replaces the beginning of Location and Refresh of upstreams (nginx
 * proxy_redirect).
 *
 * @module
 */
import { absoluteLocation } from "./_absolute.ts";
import { configBoolean, configText, readBoolean, readText, reportConfigValue } from "./_read.ts";
import { url } from "./_schema.ts";
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
}

export const proxyRedirect = {
  name: "proxy-redirect",
  scope: "location",
  phase: "access",
  withoutIngress: true,
  annotations,
  parse(input): ProxyRedirectPolicy | undefined {
    const from = readText(input, "proxy-redirect-from") ?? configText(input.config, "proxy-redirect-from") ?? "off";
    const to = readText(input, "proxy-redirect-to") ?? configText(input.config, "proxy-redirect-to") ?? "off";
    // `default` replaces the address that nginx itself uses towards the upstream, which no upstream knows of.
    if (from === "off" || from === "default" || to === "off") return undefined;
    if (from.startsWith("~") && readText(input, "proxy-redirect-from") === undefined) {
      const wanted = "plain text, no regular expression";
      reportConfigValue(input, "proxy-redirect-from", from, wanted, "Location and Refresh pass unchanged");
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
    const relative = readBoolean(input, "relative-redirects") ??
      configBoolean(input, "relative-redirects", false);
    return { from, to, relative };
  },
  hooks({ from, to, relative }) {
    return {
      response(c) {
        const { attempts, response } = c.env;
        if (attempts.length === 0 || response === null) return;
        const location = response.get("location");
        if (location?.startsWith(from)) {
          const replaced = to + location.slice(from.length);
          response.set("Location", relative ? replaced : absoluteLocation(c.env, replaced));
        }
        const refresh = response.get("refresh");
        if (refresh === undefined) return;
        const start = refresh.toLowerCase().indexOf("url=") + 4;
        if (start === 3 || !refresh.startsWith(from, start)) return;
        response.set("Refresh", refresh.slice(0, start) + to + refresh.slice(start + from.length));
      },
    };
  },
} satisfies PolicyModule<ProxyRedirectPolicy>;
