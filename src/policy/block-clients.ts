/**
 * block-user-agents and block-referers of the ConfigMap: requests with these fields get 403, on every host, before
 * anything else. Has no annotation.
 *
 * An entry is a whole value, whatever its letter case, or a regular expression behind `~` (`~*`: whatever the case). One
 * that cannot be read closes all hosts: what it should have kept out must not get in.
 *
 * @module
 */
import { compilePattern, instantiate } from "../nginx/mod.ts";
import type { Pattern } from "../snapshot/snapshot.ts";
import type { PolicyInput, PolicyModule } from "./contract.ts";

/** Refused values of one field. */
interface Refused {
  /** Lower case. */
  readonly values: readonly string[];
  readonly patterns: readonly Pattern[];
}

export interface BlockClientsPolicy {
  readonly userAgents: Refused;
  readonly referers: Refused;
  /** An entry could not be read. */
  readonly closed: boolean;
}

const KEYS = ["block-user-agents", "block-referers"] as const;

function read(input: PolicyInput, key: (typeof KEYS)[number]): Refused & { readonly closed: boolean } {
  const values: string[] = [];
  const patterns: Pattern[] = [];
  let closed = false;
  for (const item of input.config.get(key).split(",")) {
    const entry = item.trim();
    if (entry === "") continue;
    if (!entry.startsWith("~")) {
      values.push(entry.toLowerCase());
      continue;
    }
    const caseInsensitive = entry.startsWith("~*");
    const result = compilePattern(entry.slice(caseInsensitive ? 2 : 1), { caseInsensitive, bytes: true });
    if (result.ok) {
      patterns.push(result.pattern);
      continue;
    }
    closed = true;
    input.config.report(key, {
      reason: "InvalidConfigValue",
      severity: "error",
      message: `read "${entry}" of ${key}: ${result.message}`,
      effect: "all hosts answer 503",
    });
  }
  return { values, patterns, closed };
}

const made = new WeakMap<PolicyInput["config"], BlockClientsPolicy | null>();

function parseOnce(input: PolicyInput): BlockClientsPolicy | null {
  let policy = made.get(input.config);
  if (policy !== undefined) return policy;
  const [agents, referers] = KEYS.map((key) => read(input, key)) as [ReturnType<typeof read>, ReturnType<typeof read>];
  const { closed: closedByAgents, ...userAgents } = agents;
  const { closed: closedByReferers, ...others } = referers;
  const closed = closedByAgents || closedByReferers;
  const empty = [userAgents, others].every(({ values, patterns }) => values.length + patterns.length === 0);
  policy = empty && !closed ? null : { userAgents, referers: others, closed };
  made.set(input.config, policy);
  return policy;
}

function compile({ values, patterns }: Refused): ((value: string | undefined) => boolean) | undefined {
  if (values.length + patterns.length === 0) return undefined;
  const exact = new Set(values);
  const matchers = patterns.map(instantiate);
  return (value = "") => {
    // As in nginx, an absent field is an empty text, which only an expression can match.
    return exact.has(value.toLowerCase()) || matchers.some((matcher) => matcher.test(value));
  };
}

export const blockClients = {
  name: "block-clients",
  scope: "host",
  phase: "rewrite",
  sharedHooks: true,
  withoutIngress: true,
  annotations: [],
  parse(input): BlockClientsPolicy | undefined {
    return parseOnce(input) ?? undefined;
  },
  hooks({ userAgents, referers, closed }) {
    if (closed) {
      const failure = { code: "denied", cause: "a list of clients to block cannot be read" } as const;
      return { request: () => ({ status: 503, failure }) };
    }
    const refusesAgent = compile(userAgents);
    const refusesReferer = compile(referers);
    return {
      request(c) {
        const { request } = c.env;
        return refusesAgent?.(request.get("user-agent")) === true || refusesReferer?.(request.get("referer")) === true
          ? { status: 403 }
          : undefined;
      },
    };
  },
} satisfies PolicyModule<BlockClientsPolicy, "block-clients">;
