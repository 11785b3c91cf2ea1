/**
 * Differences between snapshots.
 *
 * @module
 */
import { compareText, sortedRecord } from "./order.ts";
import { GLOBALS_RULES, makeChanges, makeRecords, RECORD_PARTS, type RecordRules } from "./parts.ts";
import type { Changes, RecordChanges, Snapshot, SnapshotRecords, SnapshotUpdate } from "./snapshot.ts";

const EMPTY_CHANGES: Changes<never> = { set: [], remove: [] };

/** Makes an update with the given parts; all others are unchanged. */
export function updateOf(given: Partial<SnapshotUpdate>): SnapshotUpdate {
  const { globals } = given;
  const changes: Partial<RecordChanges> = given;
  const parts = makeChanges((part) => changes[part] ?? EMPTY_CHANGES);
  return globals === undefined ? parts : { globals, ...parts };
}

/** True when the update changes anything. */
export function changesSomething(update: SnapshotUpdate): boolean {
  return update.globals !== undefined ||
    RECORD_PARTS.some((part) => update[part].set.length + update[part].remove.length > 0);
}

type Part<T> = Readonly<Record<string, T>>;

function diffPart<T>(before: Part<T> | undefined, after: Part<T>, rules: RecordRules<T>): Changes<T> {
  if (before === after) return EMPTY_CHANGES;
  const set: T[] = [];
  const remove: string[] = [];
  for (const key in after) {
    const value = after[key]!;
    const former = before !== undefined && Object.hasOwn(before, key) ? before[key] : undefined;
    if (former === undefined || !rules.equal(former, value)) set.push(value);
  }
  for (const key in before) if (!Object.hasOwn(after, key)) remove.push(key);
  remove.sort(compareText);
  return { set, remove };
}

/**
 * Returns the update from `before` to `after`; with `null` for `before`, everything. Objects that are the same by
 * reference are not compared.
 */
export function diffSnapshots(before: Snapshot | null, after: Snapshot): SnapshotUpdate {
  const former: SnapshotRecords | null = before;
  const records: SnapshotRecords = after;
  const update = makeChanges((part, rules) => diffPart(former?.[part], records[part], rules));
  return before !== null && GLOBALS_RULES.equal(before.globals, after.globals)
    ? update
    : { globals: after.globals, ...update };
}

function applyPart<T>(before: Part<T>, changes: Changes<T>, rules: RecordRules<T>): Part<T> {
  if (changes.set.length === 0 && changes.remove.length === 0) return before;
  const removed = new Set(changes.remove);
  const set = new Map(changes.set.map((value) => [rules.keyOf(value), value] as const));
  // avoids a sort while no key is new: most updates change existing values
  const record: Record<string, T> = {};
  for (const key in before) {
    if (set.has(key)) {
      record[key] = set.get(key)!;
      set.delete(key);
    } else if (!removed.has(key)) record[key] = before[key]!;
  }
  return set.size === 0 ? record : sortedRecord([...Object.entries(record), ...set]);
}

/** Applies an update. Unchanged parts are shared with `before`. The first update must contain `globals`. */
export function applyUpdate(before: Snapshot | null, update: SnapshotUpdate): Snapshot {
  const globals = update.globals ?? before?.globals;
  if (globals === undefined) throw new TypeError("Cannot apply update: a first update must bring the globals");
  const former: SnapshotRecords | null = before;
  const changes: RecordChanges = update;
  return {
    globals,
    ...makeRecords((part, rules) => applyPart(former?.[part] ?? {}, changes[part], rules)),
  };
}

function completePart<T>(target: Part<T>, formers: readonly Part<T>[]): Changes<T> {
  const remove = new Set<string>();
  for (const former of formers) {
    for (const key in former) if (!Object.hasOwn(target, key)) remove.add(key);
  }
  return { set: Object.values(target), remove: [...remove].sort(compareText) };
}

/**
 * Makes the update that brings a data plane to a snapshot whatever it serves: it sets all of `target`, and removes what
 * only `formers` have.
 */
export function completeUpdate(target: Snapshot, formers: readonly Snapshot[]): SnapshotUpdate {
  const records: SnapshotRecords = target;
  const formerRecords: readonly SnapshotRecords[] = formers;
  return {
    globals: target.globals,
    ...makeChanges((part) => completePart(records[part], formerRecords.map((former) => former[part]))),
  };
}
