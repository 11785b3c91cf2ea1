/**
 * The update that brings a data plane to a snapshot whatever it serves now.
 *
 * @module
 */
import type { Changes, Snapshot, SnapshotUpdate } from "../snapshot/snapshot.ts";

/** Sets all of `target` and removes what any of `formers` has beyond it. */
export function completeUpdate(target: Snapshot, formers: readonly Snapshot[]): SnapshotUpdate {
  const changes = <T>(part: (snapshot: Snapshot) => Readonly<Record<string, T>>): Changes<T> => {
    const wanted = part(target);
    const remove = new Set<string>();
    for (const former of formers) {
      for (const key in part(former)) if (!Object.hasOwn(wanted, key)) remove.add(key);
    }
    return { set: Object.values(wanted), remove: [...remove].sort() };
  };
  return {
    globals: target.globals,
    virtualHosts: changes((s) => s.virtualHosts),
    upstreams: changes((s) => s.upstreams),
    certificates: changes((s) => s.certificates),
  };
}
