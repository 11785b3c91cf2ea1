/**
 * proxy-connect-timeout, proxy-send-timeout, proxy-read-timeout: how long an upstream may take (nginx directives of the
 * same names). The send and read timeouts count between two writes or reads, not for the whole.
 *
 * The data plane reads the policy; no hooks.
 *
 * @module
 */
import { readInteger, sharedDefaults } from "./_read.ts";
import { integer } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyInput, PolicyModule } from "./contract.ts";

const common = { schema: integer, scope: "location", risk: "Low", onInvalid: "ignore", guardsAccess: false } as const;

const annotations: readonly AnnotationDeclaration[] = [
  {
    ...common,
    key: "proxy-connect-timeout",
    doc: "Seconds until a connection to an endpoint must stand. Default: that of the ConfigMap, 5.",
  },
  {
    ...common,
    key: "proxy-send-timeout",
    doc: "Seconds between two writes to an endpoint. Default: that of the ConfigMap, 60.",
  },
  {
    ...common,
    key: "proxy-read-timeout",
    doc: "Seconds between two reads from an endpoint; bounds idle WebSockets too. Default: that of the ConfigMap, 60.",
  },
];

/** On every location. Milliseconds, all above 0. */
export interface ProxyTimeoutsPolicy {
  readonly connectTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly readTimeoutMs: number;
}

type TimeoutKey = "proxy-connect-timeout" | "proxy-send-timeout" | "proxy-read-timeout";

/** Timers of both runtimes end at 2^31 - 1 ms (24.8 days). */
const LONGEST_MS = 2 ** 31 - 1;

function read(input: PolicyInput, key: TimeoutKey): number {
  const own = readInteger(input, key);
  if (own !== undefined && own < 1) {
    // In nginx, 0 fails every request at once, and a negative number is no valid configuration, so neither can be
    // intended.
    input.report({
      reason: "InvalidAnnotation",
      severity: "warning",
      annotation: key,
      message: `read ${key} "${own}": want a number of seconds above 0`,
      effect: "the default is used",
    });
  }
  const configured = input.config.get(key);
  const seconds = own !== undefined && own >= 1 ? own : configured;
  return Math.min(seconds * 1000, LONGEST_MS);
}

export const proxyTimeouts = {
  name: "proxy-timeouts",
  scope: "location",
  phase: "access",
  withoutIngress: true,
  annotations,
  parse: sharedDefaults(annotations.map(({ key }) => key), (input): ProxyTimeoutsPolicy => ({
    connectTimeoutMs: read(input, "proxy-connect-timeout"),
    sendTimeoutMs: read(input, "proxy-send-timeout"),
    readTimeoutMs: read(input, "proxy-read-timeout"),
  })),
} satisfies PolicyModule<ProxyTimeoutsPolicy, "proxy-timeouts">;
