/**
 * `metadata` of every kind.
 *
 * @module
 */
import * as v from "valibot";
import type { Metadata } from "../objects.ts";
import { invalid, mapping, optional, requiredTextIf, stringMap, text, textIf, textOrEmpty } from "./field.ts";
import { isDnsLabel, isDnsSubdomain } from "./name.ts";

/** kubectl's copy of the whole object, which is large and not used. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

const timestamp = v.pipe(
  text,
  v.check(
    (value) => value.length <= 40 && RFC3339.test(value) && !Number.isNaN(Date.parse(value)),
    invalid('must be a time such as "2024-01-31T12:00:00Z"'),
  ),
  v.transform((value) => Date.parse(value)),
);

const generation = v.pipe(
  v.number("Invalid value: must be a number"),
  v.check((value) => Number.isSafeInteger(value) && value >= 0, invalid("must be a whole number, 0 or more")),
);

/** Valid names of a kind, and whether it is namespaced. */
export interface NameRule {
  readonly scope: "namespaced" | "cluster";
  readonly name: "label" | "subdomain";
}

const NAME_RULES = {
  label: requiredTextIf(isDnsLabel, "must be a DNS label: at most 63 lower-case letters, digits and '-'"),
  subdomain: requiredTextIf(
    isDnsSubdomain,
    "must be a DNS name: at most 253 lower-case letters, digits, '-' and '.'",
  ),
} as const;

/** Schema of `metadata`; a namespaced object without a namespace is in `default`. */
export function metadata(rule: NameRule): v.GenericSchema<unknown, Metadata> {
  const clusterWide = rule.scope === "cluster";
  return v.pipe(
    mapping({
      name: NAME_RULES[rule.name],
      namespace: clusterWide
        ? v.optional(v.unknown())
        : textIf(isDnsLabel, "must be a DNS label: at most 63 lower-case letters, digits and '-'"),
      uid: textOrEmpty,
      creationTimestamp: optional(timestamp),
      generation: optional(generation),
      annotations: stringMap,
      labels: stringMap,
    }),
    v.transform((meta): Metadata => {
      delete meta.annotations[LAST_APPLIED];
      return {
        namespace: clusterWide ? "" : (meta.namespace as string) || "default",
        name: meta.name,
        uid: meta.uid,
        creationTimestampMs: meta.creationTimestamp ?? 0,
        generation: meta.generation ?? 0,
        annotations: meta.annotations,
        labels: meta.labels,
      };
    }),
  );
}
