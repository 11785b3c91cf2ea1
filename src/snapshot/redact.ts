/**
 * Redaction of snapshots.
 *
 * @module
 */
import { GLOBALS_RULES, makeRecords, type RecordRules } from "./parts.ts";
import type { Snapshot, SnapshotRecords } from "./snapshot.ts";

/** Redacts the values of a record; its keys are chosen by users, and are no names of properties. */
function redactPart<T>(record: Readonly<Record<string, T>>, rules: RecordRules<T>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, rules.redact(value)]));
}

/** Returns a copy of the snapshot that may be printed. */
export function redact(snapshot: Snapshot): Snapshot {
  const records: SnapshotRecords = snapshot;
  return {
    globals: GLOBALS_RULES.redact(snapshot.globals),
    ...makeRecords((part, rules) => redactPart(records[part], rules)),
  };
}
