/**
 * IngressClass of networking.k8s.io/v1 and v1beta1.
 *
 * @module
 */
import * as v from "valibot";
import type { IngressClass } from "../objects.ts";
import { mapping, textOrEmpty } from "./field.ts";
import { metadata } from "./metadata.ts";
import type { Unsourced } from "./unsourced.ts";

export const ingressClass: v.GenericSchema<unknown, Unsourced<IngressClass>> = mapping({
  kind: v.literal("IngressClass"),
  metadata: metadata({ scope: "cluster", name: "subdomain" }),
  spec: v.nullish(mapping({ controller: textOrEmpty }), { controller: "" }),
});
