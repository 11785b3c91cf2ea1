/**
 * Service of v1: ClusterIP, headless, NodePort, LoadBalancer and ExternalName.
 *
 * @module
 */
import * as v from "valibot";
import { isIP } from "node:net";
import type { Service, ServicePort } from "../objects.ts";
import {
  flag,
  invalid,
  list,
  mapping,
  noPort,
  oneOf,
  optional,
  portNumber,
  portNumberOrName,
  protocol,
  text,
  textIf,
  textOrEmpty,
} from "./field.ts";
import { metadata } from "./metadata.ts";
import { isDnsLabel, isDnsSubdomain } from "./name.ts";
import type { Unsourced } from "./unsourced.ts";

const port = v.pipe(
  mapping({
    name: textIf(isDnsLabel, "must be a DNS label: lower-case letters, digits and '-'"),
    protocol,
    port: portNumber,
    targetPort: optional(v.union([v.literal(0), v.literal(""), portNumberOrName], noPort)),
    appProtocol: textOrEmpty,
  }),
  v.transform((value): ServicePort => ({
    name: value.name,
    protocol: value.protocol,
    port: value.port,
    targetPort: value.targetPort || value.port,
    appProtocol: value.appProtocol,
  })),
);

const clusterIp = v.nullish(
  v.pipe(
    text,
    v.check(
      (value) => value === "" || value === "None" || isIP(value) !== 0,
      invalid('must be an IP address or "None"'),
    ),
  ),
  "",
);

/**
 * True for an external name; it may end in a dot, and addresses pass: the compiler decides which destinations are
 * allowed.
 */
function isExternalName(name: string): boolean {
  return isDnsSubdomain((name.endsWith(".") ? name.slice(0, -1) : name).toLowerCase());
}

const spec = v.pipe(
  mapping({
    type: v.nullish(oneOf(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]), "ClusterIP"),
    clusterIP: clusterIp,
    externalName: textIf(isExternalName, "must be a DNS name"),
    ports: list(port),
    selector: optional(v.record(v.string(), v.unknown(), "Invalid value: must be a mapping")),
    publishNotReadyAddresses: v.nullish(flag, false),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.value.type !== "ExternalName" || dataset.value.externalName !== "") return;
    addIssue({
      message: "Required value",
      path: [{ type: "object", origin: "value", input: dataset.value, key: "externalName", value: undefined }],
    });
  }),
  v.transform(({ selector, ...value }): Service["spec"] => ({
    ...value,
    hasSelector: selector !== undefined && selector !== null && Object.keys(selector).length > 0,
  })),
);

export const service: v.GenericSchema<unknown, Unsourced<Service>> = mapping({
  kind: v.literal("Service"),
  metadata: metadata({ scope: "namespaced", name: "label" }),
  spec,
});
