/**
 * Objects that the embedding program, or a test, sets and removes.
 *
 * @module
 */
import type { Diagnostic, MemoryRef, ObjectRef } from "../diagnostic.ts";
import { type ObjectKey, objectKey } from "./objects.ts";
import type { KubeObject } from "./schema/kinds.ts";
import { readObject } from "./schema/mod.ts";
import type { ObjectSource, SourceReading, SourceState, SourceTarget } from "./source.ts";
import { keyOf } from "./store.ts";

/** Diagnostics about an object that stand. */
interface Fault {
  /** The object that a misspelt one was to be, too. */
  readonly keys: readonly (ObjectKey | null)[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Validates objects by the same schemas as manifests. One that is refused keeps its last good version in force.
 *
 * @example
 * ```ts ignore
 * const source = new MemorySource();
 * const diagnostics = source.set([{ apiVersion: "v1", kind: "Service", metadata: { name: "echo" }, spec: { ports: [] } }]);
 * source.remove([{ kind: "Service", namespace: "default", name: "echo" }]);
 * ```
 */
export class MemorySource implements ObjectSource {
  readonly name: string;
  readonly #ref: MemoryRef;
  readonly #objects = new Map<ObjectKey, KubeObject>();
  #faults: readonly Fault[] = [];
  #state: SourceState = { kind: "starting" };
  #target: SourceTarget | undefined;

  /** @param name names the source in diagnostics. Default: `memory` */
  constructor(name = "memory") {
    this.name = name;
    this.#ref = { kind: "memory", name };
  }

  get state(): SourceState {
    return this.#state;
  }

  // deno-lint-ignore require-await
  async start(target: SourceTarget): Promise<SourceReading> {
    this.#target = target;
    target.apply({ put: [...this.#objects.values()], remove: [] });
    target.diagnosticsChanged(this.diagnostics());
    this.#state = { kind: "synced" };
    target.stateChanged();
    return { objects: this.#objects.size, tookMs: 0 };
  }

  // deno-lint-ignore require-await
  async stop(): Promise<void> {
    this.#target = undefined;
  }

  /** Diagnostics about the objects of the last call of set, until they are set again or removed. */
  diagnostics(): readonly Diagnostic[] {
    return this.#faults.flatMap(({ diagnostics }) => diagnostics);
  }

  /**
   * Takes objects as they stand in manifests, in place of former ones of their names, as one change. Kinds that are not
   * read are passed over. Returns what is wrong with these objects; diagnostics about a value that names no object stand
   * nowhere else.
   */
  set(values: readonly unknown[]): readonly Diagnostic[] {
    const put = new Map<ObjectKey, KubeObject>();
    const news: Diagnostic[] = [];
    const before = this.#faults;
    for (const value of values) {
      const reading = readObject(value, this.#ref);
      if (reading.kind === "passed-over") continue;
      if (reading.kind === "object") {
        const key = keyOf(reading.object);
        put.set(key, reading.object);
        this.#objects.set(key, reading.object);
        this.#judge([key], reading.warnings, news);
      } else {
        const { refused, diagnostics } = reading;
        const ref = diagnostics[0]?.object;
        const kept = refused !== null && this.#objects.has(refused);
        const keys = ref === undefined ? [refused] : [refused, objectKey(ref.kind, ref.namespace, ref.name)];
        this.#judge(keys, kept ? diagnostics.map((d) => ({ ...d, effect: LAST_GOOD })) : diagnostics, news);
      }
    }
    if (put.size > 0) this.#target?.apply({ put: [...put.values()], remove: [] });
    if (news.length > 0 || before !== this.#faults) this.#target?.diagnosticsChanged(news);
    return news;
  }

  /** Removes objects, and the diagnostics about them, as one change; those that are not there are passed over. */
  remove(refs: readonly ObjectRef[]): void {
    const remove: ObjectKey[] = [];
    const before = this.#faults;
    for (const { kind, namespace, name } of refs) {
      const key = objectKey(kind, namespace, name);
      if (this.#objects.delete(key)) remove.push(key);
      this.#forgive([key]);
    }
    if (remove.length > 0) this.#target?.apply({ put: [], remove });
    if (before !== this.#faults) this.#target?.diagnosticsChanged([]);
  }

  #judge(keys: Fault["keys"], diagnostics: readonly Diagnostic[], news: Diagnostic[]): void {
    this.#forgive(keys);
    news.push(...diagnostics);
    if (diagnostics.length === 0 || keys.every((key) => key === null)) return;
    this.#faults = [...this.#faults, { keys, diagnostics }];
  }

  #forgive(keys: Fault["keys"]): void {
    const rest = this.#faults.filter((fault) => !fault.keys.some((key) => key !== null && keys.includes(key)));
    if (rest.length < this.#faults.length) this.#faults = rest;
  }
}

const LAST_GOOD = "its last good version stays in force";
