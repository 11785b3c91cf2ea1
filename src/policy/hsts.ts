/**
 * HSTS: Strict-Transport-Security on every response of a location over TLS (ConfigMap hsts, hsts-max-age,
 * hsts-include-subdomains, hsts-preload). Has no annotation.
 *
 * Only TLS of the connection to this proxy counts, not a forwarded scheme. A value from the upstream is replaced.
 *
 * @see RFC 6797 section 7.1
 * @module
 */
import type { Globals } from "../snapshot/snapshot.ts";
import type { PolicyModule } from "./contract.ts";

export interface HstsPolicy {
  /** Value of the field. */
  readonly value: string;
}

const made = new WeakMap<Globals["hsts"], HstsPolicy>();

function formatHsts(hsts: Globals["hsts"]): string {
  return `max-age=${hsts.maxAgeSeconds}` +
    (hsts.includeSubdomains ? "; includeSubDomains" : "") +
    (hsts.preload ? "; preload" : "");
}

export const hsts = {
  name: "hsts",
  scope: "location",
  phase: "access",
  sharedHooks: true,
  withoutIngress: true,
  annotations: [],
  parse(input): HstsPolicy | undefined {
    const settings = input.globals.hsts;
    if (!settings.enabled) return undefined;
    // One object for all locations.
    let policy = made.get(settings);
    if (policy === undefined) made.set(settings, policy = { value: formatHsts(settings) });
    return policy;
  },
  hooks({ value }) {
    return {
      response(c) {
        if (c.env.scheme === "https") c.env.response?.set("Strict-Transport-Security", value);
      },
    };
  },
} satisfies PolicyModule<HstsPolicy, "hsts">;
