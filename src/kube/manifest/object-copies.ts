/**
 * Selects the copy of an object that is in force, when several files contain it: that of the first folder, then of the
 * first path, then the first in its file.
 *
 * @module
 */
import { type Diagnostic, formatSource } from "../../diagnostic.ts";
import type { ObjectKey } from "../objects.ts";
import type { KubeObject } from "../schema/kinds.ts";
import { keyOf } from "../store.ts";
import type { ManifestText } from "./manifest-text.ts";

/** Properties of a file that decide between copies. */
export interface CopyFile {
  readonly path: string;
  /** Text by which files are ordered. */
  readonly order: string;
  /** Device and inode: the same file under two names is no duplicate. */
  readonly inode: string;
  /** The file is being removed: any other copy goes before it. */
  readonly gone: boolean;
}

interface Copy {
  readonly file: CopyFile;
  readonly object: KubeObject;
}

/** Copies of objects by key. */
export class ObjectCopies {
  readonly #copies = new Map<ObjectKey, Copy[]>();
  readonly #contested = new Set<ObjectKey>();
  /** Number of refused objects by key. */
  readonly #refused = new Map<ObjectKey, number>();

  /** Number of objects. */
  get size(): number {
    return this.#copies.size;
  }

  /** Replaces the objects of a file; adds the keys whose copy in force may have changed to `touched`. */
  replace(
    file: CopyFile,
    before: ManifestText | undefined,
    after: ManifestText | undefined,
    touched: Set<ObjectKey>,
  ): void {
    const stale = new Set<KubeObject>(objectsOf(before));
    const fresh: KubeObject[] = [];
    for (const object of objectsOf(after)) if (!stale.delete(object)) fresh.push(object);
    this.#count(before, -1, touched);
    this.#count(after, 1, touched);
    for (const object of stale) {
      const key = keyOf(object);
      this.#set(key, (this.#copies.get(key) ?? []).filter((copy) => copy.object !== object));
      touched.add(key);
    }
    for (const object of fresh) {
      const key = keyOf(object);
      const copies = this.#copies.get(key);
      if (copies === undefined) this.#copies.set(key, [{ file, object }]);
      else this.#set(key, [...copies, { file, object }]);
      touched.add(key);
    }
  }

  /** Takes over a change of `gone` of a file. */
  reorder(text: ManifestText | undefined, touched: Set<ObjectKey>): void {
    for (const object of objectsOf(text)) touched.add(keyOf(object));
  }

  /** True when a file contains a refused object with the key. */
  isRefused(key: ObjectKey): boolean {
    return this.#refused.has(key);
  }

  /** Returns the copy in force. */
  inForce(key: ObjectKey): KubeObject | undefined {
    const copies = this.#copies.get(key);
    if (copies === undefined || copies.length === 1) return copies?.[0]?.object;
    return copies.toSorted(compare)[0]?.object;
  }

  /** Diagnostics for the copies that are not in force. */
  duplicates(): Diagnostic[] {
    const diagnostics: Diagnostic[] = [];
    for (const key of this.#contested) {
      const [first, ...others] = (this.#copies.get(key) ?? []).toSorted(compare);
      if (first === undefined) continue;
      const seen = new Set([first.file.inode]);
      for (const { file, object } of others) {
        if (file.gone || (file !== first.file && seen.has(file.inode))) continue;
        seen.add(file.inode);
        const { kind, metadata, source } = object;
        diagnostics.push({
          reason: "DuplicateObject",
          severity: "warning",
          object: { kind, namespace: metadata.namespace, name: metadata.name },
          message: `the object is also in ${formatSource(first.object.source)}`,
          effect: "this copy is not in force",
          source,
        });
      }
    }
    return diagnostics;
  }

  #count(text: ManifestText | undefined, by: 1 | -1, touched: Set<ObjectKey>): void {
    for (const { refusals } of text?.documents ?? []) {
      for (const { key } of refusals) {
        if (key === null) continue;
        const count = (this.#refused.get(key) ?? 0) + by;
        if (count === 0) this.#refused.delete(key);
        else this.#refused.set(key, count);
        touched.add(key);
      }
    }
  }

  #set(key: ObjectKey, copies: Copy[]): void {
    if (copies.length === 0) this.#copies.delete(key);
    else this.#copies.set(key, copies);
    if (copies.length > 1) this.#contested.add(key);
    else this.#contested.delete(key);
  }
}

function* objectsOf(text: ManifestText | undefined): Iterable<KubeObject> {
  if (text === undefined) return;
  for (const { objects } of text.documents) yield* objects;
  yield* text.kept;
}

function compare(a: Copy, b: Copy): number {
  if (a.file.gone !== b.file.gone) return a.file.gone ? 1 : -1;
  if (a.file.order !== b.file.order) return a.file.order < b.file.order ? -1 : 1;
  return lineOf(a) - lineOf(b);
}

function lineOf({ object: { source } }: Copy): number {
  return source.kind === "file" ? source.line ?? 0 : 0;
}
