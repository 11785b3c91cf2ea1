/**
 * Which file's copy of an object is in force, when several have it: that of the first folder, then of the first path,
 * then the first in its file.
 *
 * @module
 */
import { type Diagnostic, formatSource } from "../../diagnostic.ts";
import type { KubeObject, ObjectKey } from "../objects.ts";
import { keyOf } from "../store.ts";
import type { ManifestText } from "./manifest-text.ts";

/** A file as far as the claims are concerned. */
export interface ClaimingFile {
  readonly path: string;
  /** Files compare by this text. */
  readonly order: string;
  /** Device and inode: one file under two names is no duplicate. */
  readonly inode: string;
  /** Being removed: any other copy goes before. */
  readonly gone: boolean;
}

interface Claim {
  readonly file: ClaimingFile;
  readonly object: KubeObject;
}

/** Object keys to the files that have them. */
export class Claims {
  readonly #claims = new Map<ObjectKey, Claim[]>();
  readonly #contested = new Set<ObjectKey>();
  /** Keys to the number of refusals of such an object. */
  readonly #refused = new Map<ObjectKey, number>();

  /** Number of objects. */
  get size(): number {
    return this.#claims.size;
  }

  /** Replaces what a file claims; adds the keys whose copy in force may have changed to `touched`. */
  replace(
    file: ClaimingFile,
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
      this.#set(key, (this.#claims.get(key) ?? []).filter((claim) => claim.object !== object));
      touched.add(key);
    }
    for (const object of fresh) {
      const key = keyOf(object);
      const claims = this.#claims.get(key);
      if (claims === undefined) this.#claims.set(key, [{ file, object }]);
      else this.#set(key, [...claims, { file, object }]);
      touched.add(key);
    }
  }

  /** Says that `gone` of a file changed. */
  reorder(text: ManifestText | undefined, touched: Set<ObjectKey>): void {
    for (const object of objectsOf(text)) touched.add(keyOf(object));
  }

  /** Is there an object of that key that cannot be taken. */
  isRefused(key: ObjectKey): boolean {
    return this.#refused.has(key);
  }

  /** The copy in force. */
  inForce(key: ObjectKey): KubeObject | undefined {
    const claims = this.#claims.get(key);
    if (claims === undefined || claims.length === 1) return claims?.[0]?.object;
    return claims.toSorted(compare)[0]?.object;
  }

  /** One finding for each copy that is not in force. */
  duplicates(): Diagnostic[] {
    const diagnostics: Diagnostic[] = [];
    for (const key of this.#contested) {
      const [first, ...others] = (this.#claims.get(key) ?? []).toSorted(compare);
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

  #set(key: ObjectKey, claims: Claim[]): void {
    if (claims.length === 0) this.#claims.delete(key);
    else this.#claims.set(key, claims);
    if (claims.length > 1) this.#contested.add(key);
    else this.#contested.delete(key);
  }
}

function* objectsOf(text: ManifestText | undefined): Iterable<KubeObject> {
  if (text === undefined) return;
  for (const { objects } of text.documents) yield* objects;
  yield* text.kept;
}

function compare(a: Claim, b: Claim): number {
  if (a.file.gone !== b.file.gone) return a.file.gone ? 1 : -1;
  if (a.file.order !== b.file.order) return a.file.order < b.file.order ? -1 : 1;
  return lineOf(a) - lineOf(b);
}

function lineOf({ object: { source } }: Claim): number {
  return source.kind === "file" ? source.line ?? 0 : 0;
}
