/**
 * All current diagnostics in order; groups of them are replaced.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import { compareText } from "../snapshot/mod.ts";

interface Item {
  /** Content of the diagnostic without its source, which is also its place in the order. */
  readonly key: string;
  readonly diagnostic: Diagnostic;
}

/** What holds, and what differs from the last time, each in order. */
export interface Settled {
  readonly all: readonly Diagnostic[];
  readonly added: readonly Diagnostic[];
  readonly removed: readonly Diagnostic[];
}

const NUL = "\0";

function keyOf({ object, field, annotation, reason, severity, message, effect, unserved }: Diagnostic): string {
  const { kind = "", namespace = "", name = "" } = object ?? {};
  // paths[9] comes before paths[10]
  const place = field?.replace(/\d+/g, (digits) => digits.padStart(6, "0")) ?? "";
  const rest = [reason, message, effect ?? "", severity, unserved === true ? "unserved" : ""];
  return [kind, namespace, name, place, annotation ?? "", ...rest].join(NUL);
}

/** Groups of diagnostics by their origin. */
export class DiagnosticIndex {
  readonly #groups = new Map<string, readonly Item[]>();
  /** Number of groups that contain the diagnostic. */
  readonly #counts = new Map<string, number>();
  #sorted: readonly Item[] = [];
  readonly #added = new Map<string, Diagnostic>();
  readonly #removed = new Map<string, Diagnostic>();

  /** Replaces the diagnostics of a group. */
  replace(group: string, diagnostics: readonly Diagnostic[]): void {
    const former = this.#groups.get(group);
    if (former === undefined && diagnostics.length === 0) return;
    const items = diagnostics.map((diagnostic) => ({ key: keyOf(diagnostic), diagnostic }));
    for (const item of items) this.#count(item, 1);
    for (const item of former ?? []) this.#count(item, -1);
    if (items.length === 0) this.#groups.delete(group);
    else this.#groups.set(group, items);
  }

  #count({ key, diagnostic }: Item, by: 1 | -1): void {
    const count = (this.#counts.get(key) ?? 0) + by;
    if (count === 0) {
      this.#counts.delete(key);
      if (!this.#added.delete(key)) this.#removed.set(key, diagnostic);
      return;
    }
    this.#counts.set(key, count);
    if (by === 1 && count === 1 && !this.#removed.delete(key)) this.#added.set(key, diagnostic);
  }

  /** Returns all diagnostics in order, and those that are new since the last call. */
  settle(): Settled {
    if (this.#added.size > 0 || this.#removed.size > 0) {
      const added = [...this.#added].map(([key, diagnostic]) => ({ key, diagnostic }));
      added.sort((a, b) => compareText(a.key, b.key));
      this.#sorted = merge(this.#sorted, added, this.#removed);
    }
    const news = [...this.#added].sort(([a], [b]) => compareText(a, b)).map(([, diagnostic]) => diagnostic);
    const gone = [...this.#removed].sort(([a], [b]) => compareText(a, b)).map(([, diagnostic]) => diagnostic);
    this.#added.clear();
    this.#removed.clear();
    return { all: this.#sorted.map(({ diagnostic }) => diagnostic), added: news, removed: gone };
  }
}

function merge(
  sorted: readonly Item[],
  added: readonly Item[],
  removed: ReadonlyMap<string, unknown>,
): readonly Item[] {
  const merged: Item[] = [];
  let next = 0;
  for (const item of sorted) {
    if (removed.size > 0 && removed.has(item.key)) continue;
    while (next < added.length && added[next]!.key < item.key) merged.push(added[next++]!);
    merged.push(item);
  }
  while (next < added.length) merged.push(added[next++]!);
  return merged;
}
