/**
 * Delays before a file that is being written is read. No event tells when a writer has finished. The age of the last
 * write is known, and whether the content looks incomplete; then the file gets more time, because half of a file would
 * remove the objects of the other half.
 *
 * @module
 */
import type { ManifestText } from "./manifest-text.ts";
import { keyOf } from "../store.ts";
import type { FileNode, FileVersion } from "./tree.ts";

/** Time without a change after which a file written in place is read, milliseconds. */
export const QUIET_MS = 10;
/**
 * File times within this many milliseconds of now may stand for several versions, because the kernel's clock is coarse.
 */
const YOUNG_MS = 25;
/**
 * Time without a change after which incomplete content is accepted: content that is malformed, or has fewer objects
 * than before, milliseconds.
 */
const SETTLED_MS = 200;
/** Longest delay of a file that keeps changing, milliseconds. */
const LONGEST_QUIET_MS = 500;
/** Longest delay of a file whose content is incomplete, milliseconds. */
const LONGEST_SETTLE_MS = 5000;

/** Milliseconds until a file that is being written is checked again; 0: read it now. */
export function quietMs(file: FileNode, version: FileVersion): number {
  if (isReplaced(file, version)) return 0;
  const [quiet, longest] = file.doubted ? [SETTLED_MS, LONGEST_SETTLE_MS] : [QUIET_MS, LONGEST_QUIET_MS];
  const age = ageMs(version);
  return age < quiet && waitedMs(file) < longest ? Math.max(QUIET_MS, quiet - age) : 0;
}

/** Milliseconds until content that was read is accepted; 0: now. `text`: undefined when it is malformed. */
export function settleMs(file: FileNode, version: FileVersion, text: ManifestText | undefined): number {
  if (isReplaced(file, version) || !(text === undefined || losesObjects(file.text, text))) return 0;
  file.doubted = true;
  return quietMs(file, version);
}

/** True when the version is so new that another one may have the same times. */
export function isYoung(version: FileVersion): boolean {
  return ageMs(version) < YOUNG_MS;
}

/** True when the file replaced another one by rename, and so was complete before. */
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
