/**
 * Names of entries that matter.
 *
 * @module
 */
import type { Dirent } from "node:fs";

/** Is this a file that is read. */
export function isManifestName(name: string): boolean {
  return name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json");
}

/** `..data` and the like are reached through links only; a repository's own files are none of ours. */
export function isPassedOver(name: string): boolean {
  return name.startsWith("..") || name === ".git";
}

/** Folders may hold any number of files that are none of ours: a look at each would take its time. */
export function mayHoldManifests(entry: Dirent): boolean {
  return !entry.isFile() || isManifestName(entry.name);
}
