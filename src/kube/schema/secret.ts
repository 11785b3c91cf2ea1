/**
 * Secret of v1, decoded. Messages never contain a value.
 *
 * @module
 */
import * as v from "valibot";
import { Buffer } from "node:buffer";
import type { Secret } from "../objects.ts";
import { mapping, textOrEmpty } from "./field.ts";
import { keyedText, MAX_DATA_BYTES } from "./keyed-text.ts";
import { metadata } from "./metadata.ts";
import type { Unsourced } from "./unsourced.ts";

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Decodes base64 with padding and optional line breaks, as Go does; undefined when it is malformed. */
function decodeBase64(text: string): Uint8Array | undefined {
  const packed = text.replace(/[\r\n]/g, "");
  if (packed.length % 4 !== 0 || !BASE64.test(packed)) return undefined;
  return new Uint8Array(Buffer.from(packed, "base64"));
}

const data = v.pipe(
  keyedText("hidden"),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }): Map<string, Uint8Array> => {
    const decoded = new Map<string, Uint8Array>();
    let good = true;
    for (const [key, text] of value) {
      const bytes = decodeBase64(text);
      if (bytes !== undefined) {
        decoded.set(key, bytes);
        continue;
      }
      good = false;
      addIssue({
        message: "Invalid value: must be base64 with padding (plain text goes in stringData)",
        path: [{ type: "map", origin: "value", input: value, key, value: text }],
      });
    }
    return good ? decoded : NEVER;
  }),
);

const encoder = new TextEncoder();

export const secret: v.GenericSchema<unknown, Unsourced<Secret>> = v.pipe(
  mapping({
    kind: v.literal("Secret"),
    metadata: metadata({ scope: "namespaced", name: "subdomain" }),
    type: textOrEmpty,
    data,
    stringData: keyedText("hidden"),
  }),
  v.transform(({ stringData, ...secret }) => {
    for (const [key, text] of stringData) secret.data.set(key, encoder.encode(text));
    return { ...secret, type: secret.type || "Opaque" };
  }),
  v.check(
    ({ data }) => data.values().reduce((sum, bytes) => sum + bytes.length, 0) <= MAX_DATA_BYTES,
    `Too long: data must have at most ${MAX_DATA_BYTES} bytes`,
  ),
);
