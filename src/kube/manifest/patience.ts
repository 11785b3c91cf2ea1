/**
 * How long a file is left alone because it is being written. Nothing tells when a writer has finished; what can be told
 * is how long ago the last write was, and whether the content looks like a part of something: then it is given more
 * time, for half of a file would take the objects of the other half out of service.
 *
 * @module
 */
import type { ManifestText } from "./manifest-text.ts";
import { keyOf } from "../store.ts";
import type { FileNode, FileVersion } from "./tree.ts";

/** A file written in place is read when it has not changed for this long, in ms. */
export const QUIET_MS = 10;
/** Times of files within this many ms of now may stand for more than one version (the kernel's clock ticks). */
const YOUNG_MS = 25;
/** Content that breaks the file, or has fewer objects than before, counts when it has not changed for this long, in ms. */
const SETTLED_MS = 200;
/** A file that never stops changing is read after this long, in ms. */
const PATIENCE_MS = 500;
/** The same where its content takes objects away. */
const LONG_PATIENCE_MS = 5000;

/** Milliseconds until a file should be looked at again because it is being written; 0: read it now. */
export function quietMs(file: FileNode, version: FileVersion): number {
  if (isReplaced(file, version)) return 0;
  const [quiet, patience] = file.doubted ? [SETTLED_MS, LONG_PATIENCE_MS] : [QUIET_MS, PATIENCE_MS];
  const age = ageMs(version);
  return age < quiet && waitedMs(file) < patience ? Math.max(QUIET_MS, quiet - age) : 0;
}

/** The same for content that was read: `text` undefined if it breaks the file. */
export function settleMs(file: FileNode, version: FileVersion, text: ManifestText | undefined): number {
  if (isReplaced(file, version) || !(text === undefined || losesObjects(file.text, text))) return 0;
  file.doubted = true;
  return quietMs(file, version);
}

/** Was this version written so lately that another one may have the same times. */
export function isYoung(version: FileVersion): boolean {
  return ageMs(version) < YOUNG_MS;
}

/** It took the place of another by rename, and was complete before it came. */
function isReplaced(file: FileNode, version: FileVersion): boolean {
  return file.version !== undefined && file.version.inode !== version.inode;
}

function losesObjects(before: ManifestText | undefined, after: ManifestText): boolean {
  if (before === undefined || before === after) return false;
  const kept = new Set<string>();
  for (const document of after.documents) for (const object of document.objects) kept.add(keyOf(object));
  return before.documents.some((document) => document.objects.some((object) => !kept.has(keyOf(object))));
}

function ageMs(version: FileVersion): number {
  return Math.abs(Date.now() - version.mtimeMs);
}

function waitedMs(file: FileNode): number {
  file.waitingSince ??= performance.now();
  return performance.now() - file.waitingSince;
}
