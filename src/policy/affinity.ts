/**
 * affinity, affinity-mode, affinity-canary-behavior and session-cookie-*: a cookie keeps a client with its endpoint.
 *
 * Two policies: `affinity`, of which the compiler makes the balancer of the upstream, and `affinity-cookie`, which sends
 * the cookie on the paths of the Ingress, and on no others that lead to the same Service.
 *
 * @module
 */
import * as v from "valibot";
import { readBoolean, readText } from "./_read.ts";
import { boolean, matching, oneOf, type TextSchema } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyHooks, PolicyInput, PolicyModule } from "./contract.ts";
import type { AffinityCookie } from "../snapshot/snapshot.ts";

const DEFAULT_NAME = "INGRESSCOOKIE";

const cookieName = matching(/^[A-Za-z0-9\-._~/:]+$/, "a name of letters, digits and -._~/:");
const cookieDomain = matching(/^[A-Za-z0-9\-._~/:]+$/, "a domain of letters, digits and -._~/:");
const cookiePath = matching(/^[A-Za-z0-9\-._~/:,?&=]+$/, "a path of letters, digits and -._~/:,?&=");
const seconds = matching(/^(?:0|-?[1-9][0-9]{0,11})$/, "a whole number of seconds");
const sameSite: TextSchema = matching(/^(?:none|lax|strict)$/i, "None, Lax or Strict");

const common = { scope: "upstream", onInvalid: "ignore", guardsAccess: false } as const;

const annotations: readonly AnnotationDeclaration[] = [
  {
    ...common,
    key: "affinity",
    schema: oneOf("cookie"),
    risk: "Low",
    doc: "`cookie`: a cookie keeps a client with its pod. Goes before load-balance and upstream-hash-by. Of several " +
      "Ingresses on one Service, the youngest with it says what the cookie is like.",
  },
  {
    ...common,
    key: "affinity-mode",
    schema: oneOf("balanced", "persistent"),
    risk: "Medium",
    doc:
      "`balanced` (default): some clients move when pods are added. `persistent`: clients stay until their pod is gone.",
  },
  {
    ...common,
    key: "affinity-canary-behavior",
    schema: oneOf("sticky", "legacy"),
    risk: "Low",
    doc:
      "On a canary Ingress: whether clients stay with what they were given (`sticky`). No effect yet, as canary has none.",
  },
  {
    ...common,
    key: "session-cookie-name",
    schema: cookieName,
    risk: "Medium",
    doc: `Name of the cookie of affinity. Default: ${DEFAULT_NAME}.`,
  },
  {
    ...common,
    key: "session-cookie-path",
    schema: cookiePath,
    risk: "Medium",
    doc: "Its Path. Default: the path of the Ingress; set it when that is a regular expression.",
  },
  { ...common, key: "session-cookie-domain", schema: cookieDomain, risk: "Medium", doc: "Its Domain. Default: none." },
  {
    ...common,
    key: "session-cookie-samesite",
    schema: sameSite,
    risk: "Low",
    doc: "Its SameSite: `None`, `Lax` or `Strict`. Default: none.",
  },
  {
    ...common,
    key: "session-cookie-conditional-samesite-none",
    schema: boolean,
    risk: "Low",
    doc: "`true`: no SameSite=None for browsers that cannot take it. Default: false.",
  },
  {
    ...common,
    key: "session-cookie-expires",
    schema: seconds,
    risk: "Medium",
    doc: "Its Expires, in seconds from when it is set. Default: none.",
  },
  {
    ...common,
    key: "session-cookie-max-age",
    schema: seconds,
    risk: "Medium",
    doc: "Its Max-Age, in seconds. Default: none.",
  },
  {
    ...common,
    key: "session-cookie-secure",
    schema: boolean,
    risk: "Low",
    doc: "`true`: it is Secure over plain HTTP, too. Over HTTPS it always is.",
  },
  {
    ...common,
    key: "session-cookie-change-on-failure",
    schema: boolean,
    risk: "Low",
    doc:
      "`true`: a client whose pod fails is given another one, and a new cookie. Default: false, it gets the failure.",
  },
];

/** Affinity settings of one Ingress; the compiler merges those of one upstream. */
export interface AffinityPolicy {
  /** `null`: no affinity; the mode may still count. */
  readonly cookie: AffinityCookie | null;
  readonly changeOnFailure: boolean;
  /** `null`: not given. */
  readonly mode: "balanced" | "persistent" | null;
}

export const affinity = {
  name: "affinity",
  scope: "upstream",
  phase: "access",
  annotations,
  parse(input): AffinityPolicy | undefined {
    if (readText(input, "affinity-canary-behavior") !== undefined) {
      input.report({
        reason: "AnnotationNotHonoured",
        severity: "warning",
        annotation: "affinity-canary-behavior",
        message: "read affinity-canary-behavior: it is for canary Ingresses, which are not honoured yet",
        effect: "it has no effect",
      });
    }
    const mode = read(input, "affinity-mode", oneOf("balanced", "persistent")) as AffinityPolicy["mode"];
    const wanted = readText(input, "affinity") === "cookie";
    if (!wanted && mode === null) return undefined;
    const changeOnFailure = readBoolean(input, "session-cookie-change-on-failure") === true;
    return { cookie: wanted ? readCookieAttributes(input) : null, changeOnFailure, mode };
  },
} satisfies PolicyModule<AffinityPolicy, "affinity">;

function readCookieAttributes(input: PolicyInput): AffinityCookie {
  const path = read(input, "session-cookie-path", cookiePath);
  if (path === null && makesRegexes(input)) {
    input.report({
      reason: "AffinityPathIsRegex",
      severity: "warning",
      annotation: "affinity",
      message: "set the Path of the cookie: the path of the Ingress is a regular expression, want session-cookie-path",
      effect: "browsers do not send the cookie back, so clients do not stay with their pod",
    });
  }
  const number = (key: string): number | null => {
    const text = read(input, key, seconds);
    return text === null ? null : Number(text);
  };
  return {
    name: read(input, "session-cookie-name", cookieName) ?? DEFAULT_NAME,
    path,
    domain: read(input, "session-cookie-domain", cookieDomain),
    sameSite: SAME_SITE[read(input, "session-cookie-samesite", sameSite)?.toLowerCase() ?? ""] ?? null,
    conditionalSameSiteNone: readBoolean(input, "session-cookie-conditional-samesite-none") === true,
    expiresSeconds: number("session-cookie-expires"),
    maxAgeSeconds: number("session-cookie-max-age"),
    secure: readBoolean(input, "session-cookie-secure") === true,
  };
}

const SAME_SITE: Readonly<Record<string, AffinityCookie["sameSite"]>> = { none: "None", lax: "Lax", strict: "Strict" };

/** Text of an annotation; checked here too, because --enable-annotation-validation=false leaves it unchecked. */
function read(input: PolicyInput, key: string, schema: TextSchema): string | null {
  const text = readText(input, key);
  return text !== undefined && v.is(schema, text) ? text : null;
}

/** True when a path is a regular expression, which no URL path of a browser begins with. */
function makesRegexes(input: PolicyInput): boolean {
  if (readBoolean(input, "use-regex") !== true && readText(input, "rewrite-target") === undefined) return false;
  return input.paths.some((path) => /[\\^$|*+?()[\]{}]/.test(path));
}

/** The locations of the Ingress send the cookie. */
export interface AffinityCookiePolicy {
  readonly enabled: true;
}

export const affinityCookie = {
  name: "affinity-cookie",
  scope: "location",
  phase: "access",
  offRoot: true,
  rulesOnly: true,
  annotations: [],
  parse(input): AffinityCookiePolicy | undefined {
    return readText(input, "affinity") === "cookie" ? { enabled: true } : undefined;
  },
  hooks(): PolicyHooks {
    return {
      response: ({ env: { affinityCookie, response, attempts } }) => {
        if (affinityCookie === undefined || affinityCookie === null || response === null) return;
        // an endpoint that did not answer binds no client
        const last = attempts.at(-1);
        if (last !== undefined && last.headerMs >= 0) response.append("Set-Cookie", affinityCookie);
      },
    };
  },
} satisfies PolicyModule<AffinityCookiePolicy, "affinity-cookie">;
