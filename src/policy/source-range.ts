/**
 * allowlist-source-range (whitelist-source-range) and denylist-source-range: which client addresses get in (nginx allow
 * and deny). Others get 403.
 *
 * The address is the one after real-ip processing. ConfigMap: whitelist-source-range and denylist-source-range hold where
 * the annotation is absent; block-cidrs only where a location has no list at all, since nginx does not merge levels.
 *
 * @module
 */
import * as v from "valibot";
import { CidrSet, parseCidr } from "../net/mod.ts";
import type { AnnotationDeclaration, PolicyInput, PolicyModule } from "./contract.ts";

const schema = v.pipe(
  v.string(),
  v.check(
    (text) => split(text).length > 0 && split(text).every((item) => parseCidr(item) !== undefined),
    "want addresses or blocks such as 10.0.0.0/8, separated by commas",
  ),
);

const common = { schema, scope: "location", risk: "Medium", onInvalid: "deny-location", guardsAccess: true } as const;

const annotations: readonly AnnotationDeclaration[] = [
  {
    ...common,
    key: "allowlist-source-range",
    aliases: ["whitelist-source-range"],
    doc: "Only these client addresses get in; others get 403. Default: whitelist-source-range of the ConfigMap.",
  },
  {
    ...common,
    key: "denylist-source-range",
    doc: "These client addresses get 403; looked at before the allow list. Default: that of the ConfigMap.",
  },
];

export interface SourceRangePolicy {
  /** Addresses and CIDR blocks; empty: all that are not denied. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

function split(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

type ListKey = "whitelist-source-range" | "denylist-source-range" | "block-cidrs";

/** Closes the locations when an item cannot be read; that is a finding about `configKey` too, if the list stands there. */
function close(input: PolicyInput, key: string, items: readonly string[], configKey?: ListKey): void {
  const wrong = items.find((item) => parseCidr(item) === undefined);
  if (wrong === undefined) return;
  const message = `read ${key} "${wrong}": want an address or a block`;
  input.deny(message);
  if (configKey === undefined) return;
  const effect = "every location that the list holds for answers 503";
  input.config.report(configKey, { reason: "InvalidConfigValue", severity: "error", message, effect });
}

/** The list of an annotation, else of the ConfigMap. One that cannot be read closes the locations. */
function list(input: PolicyInput, key: string, configKey: ListKey): readonly string[] {
  const own = input.annotation(key);
  const items = split(own ?? input.config.get(configKey));
  if (own === undefined) close(input, configKey, items, configKey);
  else close(input, key, items);
  if (own !== undefined && items.length === 0) input.deny(`read ${key}: want at least one address`);
  return items;
}

export const sourceRange = {
  name: "source-range",
  scope: "location",
  phase: "access",
  sharedHooks: true,
  withoutIngress: true,
  annotations,
  parse(input): SourceRangePolicy | undefined {
    const blocked = split(input.config.get("block-cidrs"));
    // The root of `_` is under block-cidrs, but not under the default lists.
    const fromIngress = input.ingressName !== "";
    const allow = fromIngress ? list(input, "allowlist-source-range", "whitelist-source-range") : [];
    const deny = fromIngress ? list(input, "denylist-source-range", "denylist-source-range") : [];
    if (allow.length > 0 || deny.length > 0) return { allow, deny };
    close(input, "block-cidrs", blocked, "block-cidrs");
    return blocked.length === 0 ? undefined : { allow: [], deny: blocked };
  },
  hooks({ allow, deny }) {
    const allowed = allow.length === 0 ? undefined : CidrSet.of(allow);
    const denied = deny.length === 0 ? undefined : CidrSet.of(deny);
    return {
      request(c) {
        const { clientAddress } = c.env;
        if (denied?.has(clientAddress) || allowed?.has(clientAddress) === false) return { status: 403 };
        return undefined;
      },
    };
  },
} satisfies PolicyModule<SourceRangePolicy, "source-range">;
