/**
 * enable-cors and cors-*: response fields of the CORS protocol, and preflights answered here.
 *
 * The first of the rewrite step: a preflight needs no HTTPS, no credentials, and no endpoints. The fields stand on every
 * response of the location, error pages included, in place of those of the upstream.
 *
 * Two departures from ingress-nginx, both towards safety: an origin must match as a whole (there, any text may stand
 * before it), and a list without one usable origin allows none (there, it allows all).
 *
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 * @module
 */
import { readBoolean, readInteger, readText } from "./_read.ts";
import { anything, boolean, integer, matching } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyInput, PolicyModule } from "./contract.ts";

const METHODS = "GET, PUT, POST, DELETE, PATCH, OPTIONS";
const HEADERS =
  "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";
const MAX_AGE = 1728000;

const common = { scope: "location", onInvalid: "ignore", guardsAccess: false } as const;

const annotations: readonly AnnotationDeclaration[] = [
  {
    ...common,
    key: "enable-cors",
    schema: boolean,
    risk: "Low",
    doc: "`true`: CORS fields on every response, and OPTIONS requests of allowed origins are answered with 204.",
  },
  {
    ...common,
    key: "cors-allow-origin",
    schema: anything,
    risk: "Medium",
    doc:
      "Allowed origins, separated by commas: `scheme://host[:port]`, `*.` for one label, `null`, or `*` (default) for all.",
  },
  {
    ...common,
    key: "cors-allow-methods",
    schema: matching(/^(?:[A-Za-z]+(?:,\s?|\s|$))+$/, "names of methods, separated by commas"),
    risk: "Medium",
    doc: `Access-Control-Allow-Methods. Default: \`${METHODS}\`.`,
  },
  {
    ...common,
    key: "cors-allow-headers",
    schema: matching(/^[A-Za-z0-9\-_, ]*$/, "names of fields, separated by commas"),
    risk: "Medium",
    doc: `Access-Control-Allow-Headers. Default: \`${HEADERS}\`.`,
  },
  {
    ...common,
    key: "cors-allow-credentials",
    schema: boolean,
    risk: "Low",
    doc: "`false` leaves Access-Control-Allow-Credentials out. Default: true.",
  },
  {
    ...common,
    key: "cors-expose-headers",
    schema: matching(/^(?:\*|[A-Za-z0-9\-_, *]*)$/, "names of fields, separated by commas, or *"),
    risk: "Medium",
    doc: "Access-Control-Expose-Headers. Default: none.",
  },
  {
    ...common,
    key: "cors-max-age",
    schema: integer,
    risk: "Low",
    doc: `Access-Control-Max-Age, in seconds. Default: ${MAX_AGE}.`,
  },
];

export interface CorsPolicy {
  /** `*`, or origins in lower case, in which `*.` stands for one label. */
  readonly origins: "*" | readonly string[];
  readonly methods: string;
  readonly headers: string;
  readonly credentials: boolean;
  /** Empty: not sent. */
  readonly exposeHeaders: string;
  readonly maxAgeSeconds: number;
}

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::\d{1,5})?$/;

function parseOrigins(input: PolicyInput): CorsPolicy["origins"] {
  const text = readText(input, "cors-allow-origin");
  if (text === undefined) return "*";
  const origins: string[] = [];
  for (const written of text.split(",")) {
    const origin = written.trim().toLowerCase();
    if (origin === "") continue;
    if (origin === "*") return "*";
    if (origin === "null" || ORIGIN.test(origin)) {
      origins.push(origin);
      continue;
    }
    input.report({
      reason: "InvalidAnnotation",
      severity: "warning",
      annotation: "cors-allow-origin",
      message: `read origin "${written.trim()}" of cors-allow-origin: want scheme://host[:port], null or *`,
      effect: "this origin is not allowed",
    });
  }
  return origins;
}

const LABEL = /^[a-z0-9-]+$/;

/** Compiles a test of origins that uses look-ups and comparisons only. */
export function compileOrigins(origins: readonly string[]): (origin: string) => boolean {
  const exact = new Set(origins.filter((origin) => !origin.includes("*.")));
  const wildcards = origins.filter((origin) => origin.includes("*.")).map((origin) => {
    const star = origin.indexOf("*");
    return { before: origin.slice(0, star), after: origin.slice(star + 1) };
  });
  return (origin) => {
    const lower = origin.toLowerCase();
    if (exact.has(lower)) return true;
    return wildcards.some(({ before, after }) =>
      lower.length > before.length + after.length && lower.startsWith(before) && lower.endsWith(after) &&
      LABEL.test(lower.slice(before.length, lower.length - after.length))
    );
  };
}

export const cors = {
  name: "cors",
  scope: "location",
  phase: "rewrite",
  sharedHooks: true,
  annotations,
  parse(input): CorsPolicy | undefined {
    if (readBoolean(input, "enable-cors") !== true) return undefined;
    return {
      origins: parseOrigins(input),
      methods: readText(input, "cors-allow-methods") ?? METHODS,
      headers: readText(input, "cors-allow-headers") ?? HEADERS,
      credentials: readBoolean(input, "cors-allow-credentials") ?? true,
      exposeHeaders: readText(input, "cors-expose-headers") ?? "",
      maxAgeSeconds: readInteger(input, "cors-max-age") ?? MAX_AGE,
    };
  },
  hooks({ origins, methods, headers, credentials, exposeHeaders, maxAgeSeconds }) {
    const allows = origins === "*" ? undefined : compileOrigins(origins);
    const maxAge = String(maxAgeSeconds);
    // As in nginx, `*` needs no Origin field.
    const allowed = (origin: string | undefined): string | undefined =>
      allows === undefined ? "*" : origin !== undefined && allows(origin) ? origin : undefined;
    return {
      request(c) {
        const exchange = c.env;
        if (exchange.method !== "OPTIONS" || allowed(exchange.request.get("origin")) === undefined) return undefined;
        return { status: 204, body: "", contentType: "text/plain charset=UTF-8" };
      },
      response(c) {
        const { request, response } = c.env;
        const origin = allowed(request.get("origin"));
        if (response === null || origin === undefined) return;
        response.set("Access-Control-Allow-Origin", origin);
        if (credentials) response.set("Access-Control-Allow-Credentials", "true");
        response.set("Access-Control-Allow-Methods", methods);
        response.set("Access-Control-Allow-Headers", headers);
        if (exposeHeaders !== "") response.set("Access-Control-Expose-Headers", exposeHeaders);
        response.set("Access-Control-Max-Age", maxAge);
      },
    };
  },
} satisfies PolicyModule<CorsPolicy, "cors">;
