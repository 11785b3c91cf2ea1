/**
 * proxy-cookie-domain and proxy-cookie-path: rewrites these attributes of Set-Cookie of upstreams (nginx directives of
 * the same names).
 *
 * @see RFC 6265 section 4.1
 * @module
 */
import * as v from "valibot";
import { readText, sharedDefaults } from "./_read.ts";
import { fieldValue } from "./_field-value.ts";
import { readWords } from "../nginx/mod.ts";
import { compileText, isTemplate, reportUnknownVariables } from "./_template.ts";
import type { Exchange } from "../http/exchange.ts";
import type { AnnotationDeclaration, PolicyInput, PolicyModule } from "./contract.ts";

const DOMAIN = /^(?:off|[A-Za-z0-9\-._~/:]+ +[A-Za-z0-9\-._~/:]+)$/;
const PATH = /^(?:off|[A-Za-z0-9\-._~/:,?&=]+ +[A-Za-z0-9\-._~/:,?&=]+)$/;

const common = { scope: "location", risk: "Medium", onInvalid: "ignore", guardsAccess: false } as const;

const annotations: readonly AnnotationDeclaration[] = [
  {
    ...common,
    key: "proxy-cookie-domain",
    schema: v.pipe(v.string(), v.trim(), v.regex(DOMAIN, "want off, or two domains: from and to")),
    doc: "`from to`: replaces the Domain of cookies of the upstream; `off`. Default: that of the ConfigMap, off.",
  },
  {
    ...common,
    key: "proxy-cookie-path",
    schema: v.pipe(v.string(), v.trim(), v.regex(PATH, "want off, or two paths: from and to")),
    doc:
      "`from to`: replaces the beginning of the Path of cookies of the upstream; `off`. Default: that of the ConfigMap, off.",
  },
];

export interface ProxyCookiePolicy {
  /** Compared without regard to case, and without a dot at the beginning. `null`: left as it is. */
  readonly domain: Replacement | null;
  /** Replaces a prefix. */
  readonly path: Replacement | null;
}

interface Replacement {
  readonly from: string;
  readonly to: string;
}

const WANTED = "off, or two texts: from and to";

/** The two words of a rule, as nginx reads them; `null`: off. `undefined`: the text is neither. */
function readRule(text: string): Replacement | null | undefined {
  if (text === "off") return null;
  const [from, to, ...rest] = readWords(text) ?? [];
  if (from === undefined || to === undefined || rest.length > 0) return undefined;
  return isRegex(from) || (isTemplate(from) && isTemplate(to)) ? { from, to: fieldValue(to) } : undefined;
}

function isRegex(from: string): boolean {
  return from.startsWith("~");
}

function read(input: PolicyInput, key: "proxy-cookie-domain" | "proxy-cookie-path"): Replacement | null {
  const own = readText(input, key);
  const rule = own === undefined ? input.config.parsed(key, WANTED, readRule) : readRule(own);
  if (rule === undefined) {
    if (own !== undefined) {
      input.report({
        reason: "InvalidAnnotation",
        severity: "warning",
        annotation: key,
        message: `read ${key} "${own}": want ${WANTED}`,
        effect: "cookies pass unchanged",
      });
    }
    return null;
  }
  if (rule === null) return null;
  if (isRegex(rule.from)) {
    if (own === undefined) {
      const wanted = "plain text, no regular expression";
      input.config.reportValue(key, input.config.get(key), wanted, "cookies pass unchanged");
    } else {
      input.report({
        reason: "AnnotationNotHonoured",
        severity: "warning",
        annotation: key,
        message: `read ${key} "${own}": regular expressions are not supported, want plain text`,
        effect: "cookies pass unchanged",
      });
    }
    return null;
  }
  if (own !== undefined && /\$/.test(own)) reportUnknownVariables(input, key, `${rule.from} ${rule.to}`);
  return rule;
}

function withoutDot(domain: string): string {
  return domain.startsWith(".") ? domain.slice(1) : domain;
}

const SPACES_AROUND = /^ +| +$/g;

/**
 * Rewrites a Set-Cookie value; returns the same text when nothing matches. As in nginx, a cookie that begins without a
 * `=` stays unchanged, and a changed one loses the spaces around its parts.
 */
export function rewriteCookie(cookie: string, { domain, path }: ProxyCookiePolicy): string {
  let changed = false;
  const parts = cookie.split(";").map((part, i) => {
    const equals = part.indexOf("=");
    if (equals === -1) return part.replace(SPACES_AROUND, "");
    const name = part.slice(0, equals).replace(SPACES_AROUND, "");
    const value = part.slice(equals + 1).replace(SPACES_AROUND, "");
    switch (i === 0 ? "" : name.toLowerCase()) {
      case "domain":
        if (domain === null || withoutDot(value).toLowerCase() !== domain.from) break;
        changed = true;
        // the dot before the domain stays
        return `${name}=${value.startsWith(".") ? "." : ""}${domain.to}`;
      case "path":
        if (path === null || !value.startsWith(path.from)) break;
        changed = true;
        return `${name}=${path.to}${value.slice(path.from.length)}`;
    }
    return `${name}=${value}`;
  });
  return changed && parts[0]!.includes("=") ? parts.join("; ") : cookie;
}

/** Compiles rules with variables; `null` for rules without any. */
function compile({ domain, path }: ProxyCookiePolicy): ((exchange: Exchange) => ProxyCookiePolicy) | null {
  if (![domain, path].some((rule) => rule !== null && (rule.from.includes("$") || rule.to.includes("$")))) return null;
  const compileRule = (rule: Replacement | null): (exchange: Exchange) => Replacement | null => {
    if (rule === null) return () => null;
    const from = compileText(rule.from);
    const to = compileText(rule.to);
    return (exchange) => ({ from: from(exchange), to: fieldValue(to(exchange)) });
  };
  const makeDomain = compileRule(domain);
  const makePath = compileRule(path);
  return (exchange) => {
    const made = makeDomain(exchange);
    return {
      domain: made === null ? null : { from: withoutDot(made.from).toLowerCase(), to: withoutDot(made.to) },
      path: makePath(exchange),
    };
  };
}

export const proxyCookie = {
  name: "proxy-cookie",
  scope: "location",
  phase: "access",
  sharedHooks: true,
  withoutIngress: true,
  annotations,
  parse: sharedDefaults(annotations.map(({ key }) => key), (input): ProxyCookiePolicy | undefined => {
    const domain = read(input, "proxy-cookie-domain");
    const path = read(input, "proxy-cookie-path");
    if (domain === null && path === null) return undefined;
    return {
      domain: domain === null ? null : { from: withoutDot(domain.from).toLowerCase(), to: withoutDot(domain.to) },
      path,
    };
  }),
  hooks(policy) {
    const evaluate = compile(policy);
    return {
      response(c) {
        const { attempts, response } = c.env;
        if (attempts.length === 0 || response === null || !response.has("set-cookie")) return;
        const rules = evaluate === null ? policy : evaluate(c.env);
        const before = response.getAll("set-cookie");
        const after = before.map((cookie) => rewriteCookie(cookie, rules));
        if (after.every((cookie, i) => cookie === before[i])) return;
        response.delete("set-cookie");
        for (const cookie of after) response.append("Set-Cookie", cookie);
      },
    };
  },
} satisfies PolicyModule<ProxyCookiePolicy, "proxy-cookie">;
