/**
 * proxy-next-upstream, proxy-next-upstream-tries, proxy-next-upstream-timeout: when a request is given to another
 * endpoint (nginx directives of the same names).
 *
 * The data plane reads the policy; no hooks.
 *
 * @module
 */
import * as v from "valibot";
import { readInteger, readText, sharedDefaults } from "./_read.ts";
import { integer } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyInput, PolicyModule } from "./contract.ts";

const CONDITIONS: ReadonlySet<string> = new Set([
  "error",
  "timeout",
  "invalid_header",
  "http_500",
  "http_502",
  "http_503",
  "http_504",
  "http_403",
  "http_404",
  "http_429",
  "non_idempotent",
  "off",
]);

const WANTED = `some of ${[...CONDITIONS].join(", ")}, separated by spaces`;

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function valid(text: string): string | undefined {
  const all = words(text);
  return all.length > 0 && all.every((word) => CONDITIONS.has(word)) ? text : undefined;
}

const annotations: readonly AnnotationDeclaration[] = [
  {
    key: "proxy-next-upstream",
    schema: v.pipe(
      v.string(),
      v.check((text) => valid(text) !== undefined, `want ${WANTED}`),
    ),
    scope: "location",
    risk: "Medium",
    onInvalid: "ignore",
    guardsAccess: false,
    doc: "Conditions under which another endpoint is tried. Default: that of the ConfigMap, `error timeout`.",
  },
  {
    key: "proxy-next-upstream-tries",
    schema: integer,
    scope: "location",
    risk: "Low",
    onInvalid: "ignore",
    guardsAccess: false,
    doc: "Attempts at most, the first included; 0: no limit. Default: that of the ConfigMap, 3.",
  },
  {
    key: "proxy-next-upstream-timeout",
    schema: integer,
    scope: "location",
    risk: "Low",
    onInvalid: "ignore",
    guardsAccess: false,
    doc: "Seconds after which no further endpoint is tried; 0: no limit. Default: that of the ConfigMap, 0.",
  },
];

/** On every location. */
export interface ProxyNextUpstreamPolicy {
  readonly error: boolean;
  readonly timeout: boolean;
  readonly invalidHeader: boolean;
  /** Ascending. */
  readonly statuses: readonly number[];
  /** POST, LOCK and PATCH are sent again too. */
  readonly nonIdempotent: boolean;
  /** All attempts together; 0: no limit. */
  readonly tries: number;
  /** For all attempts together; 0: no limit. */
  readonly timeoutMs: number;
}

function count(input: PolicyInput, key: "proxy-next-upstream-tries" | "proxy-next-upstream-timeout"): number {
  return Math.max(0, readInteger(input, key) ?? input.config.get(key));
}

export const proxyNextUpstream = {
  name: "proxy-next-upstream",
  scope: "location",
  phase: "access",
  withoutIngress: true,
  annotations,
  parse: sharedDefaults(annotations.map(({ key }) => key), (input): ProxyNextUpstreamPolicy => {
    const named = new Set(
      words(
        readText(input, "proxy-next-upstream") ??
          input.config.parsed("proxy-next-upstream", WANTED, valid) ?? "",
      ),
    );
    // As in nginx, `off` cancels all other conditions.
    const has = (condition: string): boolean => named.has(condition) && !named.has("off");
    const always = input.config.get("retry-non-idempotent");
    return {
      error: has("error"),
      timeout: has("timeout"),
      invalidHeader: has("invalid_header"),
      statuses: [403, 404, 429, 500, 502, 503, 504].filter((status) => has(`http_${status}`)),
      nonIdempotent: has("non_idempotent") || always,
      tries: count(input, "proxy-next-upstream-tries"),
      timeoutMs: count(input, "proxy-next-upstream-timeout") * 1000,
    };
  }),
} satisfies PolicyModule<ProxyNextUpstreamPolicy, "proxy-next-upstream">;
