/**
 * EndpointSlice of discovery.k8s.io/v1 and v1beta1.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
 *
 * @module
 */
import * as v from "valibot";
import { isIP } from "node:net";
import type { EndpointAddress, EndpointPort, EndpointSlice } from "../objects.ts";
import { flag, list, mapping, oneOf, optional, portNumber, protocol, quote, text, textOrEmpty } from "./field.ts";
import { metadata } from "./metadata.ts";
import { isDnsSubdomain } from "./name.ts";
import type { Unsourced } from "./unsourced.ts";

const SERVICE_NAME = "kubernetes.io/service-name";
const HOSTNAME = "kubernetes.io/hostname";
const ZONE = "topology.kubernetes.io/zone";

const conditions = v.pipe(
  v.nullish(mapping({ ready: optional(flag), serving: optional(flag), terminating: optional(flag) }), {}),
  v.transform(({ ready, serving, terminating }) => ({
    ready: ready ?? true,
    // Without a value, serving is the same as ready.
    serving: serving ?? ready ?? true,
    terminating: terminating ?? false,
  })),
);

const endpoint = v.pipe(
  mapping({
    addresses: list(text),
    conditions,
    targetRef: optional(mapping({ kind: textOrEmpty, name: textOrEmpty })),
    nodeName: textOrEmpty,
    zone: textOrEmpty,
    /** v1beta1 has node and zone here. */
    topology: optional(v.record(v.string(), v.unknown(), "Invalid value: must be a mapping")),
    hints: optional(mapping({ forZones: list(mapping({ name: textOrEmpty })) })),
  }),
  v.transform(({ addresses, conditions, targetRef, nodeName, zone, topology, hints }): EndpointAddress => ({
    addresses,
    ready: conditions.ready,
    serving: conditions.serving,
    terminating: conditions.terminating,
    podName: targetRef?.kind === "Pod" ? targetRef.name : "",
    zone: zone || topologyValue(topology, ZONE),
    nodeName: nodeName || topologyValue(topology, HOSTNAME),
    forZones: hints?.forZones.map((zone) => zone.name).filter((name) => name !== "") ?? [],
  })),
);

function topologyValue(topology: Readonly<Record<string, unknown>> | null | undefined, key: string): string {
  const value = topology?.[key];
  return typeof value === "string" ? value : "";
}

/** A port without a number means all ports; it cannot be connected to, and is left out. */
const ports = v.pipe(
  list(mapping({ name: textOrEmpty, protocol, port: optional(portNumber) })),
  v.transform((ports): EndpointPort[] =>
    ports.flatMap(({ name, protocol, port }) => port === undefined || port === null ? [] : [{ name, protocol, port }])
  ),
);

function isAddress(address: string, type: EndpointSlice["addressType"]): boolean {
  switch (type) {
    case "IPv4":
      return isIP(address) === 4;
    case "IPv6":
      return isIP(address) === 6;
    case "FQDN":
      return isDnsSubdomain(address);
  }
}

const ADDRESS_RULES = { IPv4: "an IPv4 address", IPv6: "an IPv6 address", FQDN: "a DNS name" } as const;

export const endpointSlice: v.GenericSchema<unknown, Unsourced<EndpointSlice>> = v.pipe(
  mapping({
    kind: v.literal("EndpointSlice"),
    metadata: metadata({ scope: "namespaced", name: "subdomain" }),
    addressType: oneOf(["IPv4", "IPv6", "FQDN"]),
    endpoints: list(endpoint),
    ports,
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { addressType, endpoints } = dataset.value;
    for (const [i, { addresses }] of endpoints.entries()) {
      for (const [j, address] of addresses.entries()) {
        if (isAddress(address, addressType)) continue;
        addIssue({
          message: `Invalid value: ${quote(address)}: must be ${ADDRESS_RULES[addressType]}`,
          path: [
            { type: "object", origin: "value", input: dataset.value, key: "endpoints", value: endpoints },
            { type: "array", origin: "value", input: [...endpoints], key: i, value: endpoints[i] },
            { type: "object", origin: "value", input: {}, key: "addresses", value: addresses },
            { type: "array", origin: "value", input: [...addresses], key: j, value: address },
          ],
        });
        return; // one diagnostic is enough: a slice has up to a thousand
      }
    }
  }),
  v.transform((slice) => ({ ...slice, serviceName: slice.metadata.labels[SERVICE_NAME] ?? "" })),
);
