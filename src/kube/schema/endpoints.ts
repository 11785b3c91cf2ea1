/**
 * Endpoints of v1. Addresses that are not ready are left out, because they get no requests.
 *
 * @module
 */
import * as v from "valibot";
import type { EndpointPort, Endpoints } from "../objects.ts";
import { ipAddress, list, mapping, optional, portNumber, protocol, textOrEmpty } from "./field.ts";
import { metadata } from "./metadata.ts";
import type { Unsourced } from "./unsourced.ts";

/** Object of an address; only Pods are used. */
const targetRef = optional(mapping({ kind: textOrEmpty, name: textOrEmpty }));

const address = v.pipe(
  mapping({ ip: ipAddress, nodeName: textOrEmpty, targetRef }),
  v.transform(({ ip, nodeName, targetRef }) => ({
    ip,
    podName: targetRef?.kind === "Pod" ? targetRef.name : "",
    nodeName,
  })),
);

const port: v.GenericSchema<unknown, EndpointPort> = mapping({ name: textOrEmpty, protocol, port: portNumber });

export const endpoints: v.GenericSchema<unknown, Unsourced<Endpoints>> = mapping({
  kind: v.literal("Endpoints"),
  metadata: metadata({ scope: "namespaced", name: "subdomain" }),
  subsets: list(mapping({ addresses: list(address), ports: list(port) })),
});
