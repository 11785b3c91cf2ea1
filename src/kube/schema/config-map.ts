/**
 * ConfigMap of v1; binaryData is not read.
 *
 * @module
 */
import * as v from "valibot";
import type { ConfigMap } from "../objects.ts";
import { mapping } from "./field.ts";
import { keyedText } from "./keyed-text.ts";
import { metadata } from "./metadata.ts";
import type { Unsourced } from "./unsourced.ts";

export const configMap: v.GenericSchema<unknown, Unsourced<ConfigMap>> = mapping({
  kind: v.literal("ConfigMap"),
  metadata: metadata({ scope: "namespaced", name: "subdomain" }),
  data: keyedText("shown"),
});
