/**
 * Differences between snapshots.
 *
 * @module
 */
import { equalData } from "./equal.ts";
import { compareText, sortedRecord } from "./order.ts";
import type { Certificate, Changes, Snapshot, SnapshotUpdate, Upstream, VirtualHost } from "./snapshot.ts";

const EMPTY_CHANGES: Changes<never> = { set: [], remove: [] };

type Part<T> = Readonly<Record<string, T>>;

function diffPart<T>(before: Part<T> | undefined, after: Part<T>): Changes<T> {
  if (before === after) return EMPTY_CHANGES;
  const set: T[] = [];
  const remove: string[] = [];
  for (const key in after) {
    if (before === undefined || !Object.hasOwn(before, key) || !equalData(before[key], after[key])) {
      set.push(after[key]!);
    }
  }
  for (const key in before) if (!Object.hasOwn(after, key)) remove.push(key);
  remove.sort(compareText);
  return { set, remove };
}

/**
 * What leads from `before` to `after`; with `null` for `before` everything. Objects that are the same by reference are
 * not looked into.
 */
export function diffSnapshots(before: Snapshot | null, after: Snapshot): SnapshotUpdate {
  const update = {
    virtualHosts: diffPart<VirtualHost>(before?.virtualHosts, after.virtualHosts),
    upstreams: diffPart<Upstream>(before?.upstreams, after.upstreams),
    certificates: diffPart<Certificate>(before?.certificates, after.certificates),
  };
  return before !== null && equalData(before.globals, after.globals) ? update : { globals: after.globals, ...update };
}

function applyPart<T>(before: Part<T>, changes: Changes<T>, keyOf: (value: T) => string): Part<T> {
  if (changes.set.length === 0 && changes.remove.length === 0) return before;
  const removed = new Set(changes.remove);
  const set = new Map(changes.set.map((value) => [keyOf(value), value] as const));
  // in place of a sort, as long as no key is new: most updates change what is there
  const record: Record<string, T> = {};
  for (const key in before) {
    if (set.has(key)) {
      record[key] = set.get(key)!;
      set.delete(key);
    } else if (!removed.has(key)) record[key] = before[key]!;
  }
  return set.size === 0 ? record : sortedRecord([...Object.entries(record), ...set]);
}

/** The snapshot that `update` leads to. What did not change is shared with `before`. The first update brings `globals`. */
export function applyUpdate(before: Snapshot | null, update: SnapshotUpdate): Snapshot {
  const globals = update.globals ?? before?.globals;
  if (globals === undefined) throw new TypeError("Cannot apply update: a first update must bring the globals");
  return {
    globals,
    virtualHosts: applyPart(before?.virtualHosts ?? {}, update.virtualHosts, (host) => host.name),
    upstreams: applyPart(before?.upstreams ?? {}, update.upstreams, (upstream) => upstream.name),
    certificates: applyPart(before?.certificates ?? {}, update.certificates, (certificate) => certificate.id),
  };
}
