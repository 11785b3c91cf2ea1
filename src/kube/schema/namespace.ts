/**
 * Namespace of v1; its labels are used.
 *
 * @module
 */
import * as v from "valibot";
import type { Namespace } from "../objects.ts";
import { mapping } from "./field.ts";
import { metadata } from "./metadata.ts";
import type { Unsourced } from "./unsourced.ts";

export const namespace: v.GenericSchema<unknown, Unsourced<Namespace>> = mapping({
  kind: v.literal("Namespace"),
  metadata: metadata({ scope: "cluster", name: "label" }),
});
