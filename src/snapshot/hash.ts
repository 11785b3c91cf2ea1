/**
 * Fingerprints of plain data, to tell whether two processes serve the same.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { compareText } from "./order.ts";
import type { Snapshot } from "./snapshot.ts";

function canonical(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const record = value as Record<string, unknown>;
  return Object.fromEntries(Object.keys(record).sort(compareText).map((key) => [key, record[key]]));
}

/** SHA-256 in hex; the order of keys does not count. */
export function hashData(data: unknown): string {
  return createHash("sha256").update(JSON.stringify(data, canonical) ?? "").digest("hex");
}

/** SHA-256 in hex of all that the snapshot says, secrets included. */
export function hashSnapshot(snapshot: Snapshot): string {
  return hashData(snapshot);
}
