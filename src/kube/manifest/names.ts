/**
 * Names of manifest files and folders.
 *
 * @module
 */
import type { Dirent } from "node:fs";

/** True for the name of a file that is read. */
export function isManifestName(name: string): boolean {
  return name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json");
}

/**
 * True for names that are skipped: `..data` and the like are reached through links only, and a repository's own folders
 * contain no manifests.
 */
export function isPassedOver(name: string): boolean {
  return name.startsWith("..") || name === ".git";
}

/**
 * True when an entry may be or contain a manifest; a folder may have any number of other files, which are not
 * inspected.
 */
export function mayHoldManifests(entry: Dirent): boolean {
  return !entry.isFile() || isManifestName(entry.name);
}
