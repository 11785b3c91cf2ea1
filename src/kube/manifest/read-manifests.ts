/**
 * Reads folders, files and texts of manifests once, without following them.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { readFile, stat } from "node:fs/promises";
import type { Diagnostic } from "../../diagnostic.ts";
import { Store } from "../store.ts";
import { ManifestFolders } from "./folders.ts";
import { errorCode } from "./io.ts";
import { MANIFEST_LIMITS, type ManifestLimits } from "./limits.ts";
import { ManifestFolderError, type ManifestInput, type ManifestReading } from "./options.ts";
import { locateDiagnostics } from "./locate.ts";
import { versionOf } from "./tree.ts";

/** Result of reading manifests. */
export interface ReadManifests extends ManifestReading {
  readonly store: Store;
  /** Adds lines and columns to diagnostics about these objects. */
  locate(diagnostics: readonly Diagnostic[]): Promise<Diagnostic[]>;
}

/**
 * Reads folders (with their subfolders), files of any name, and texts into `store`. Of an object in several of them,
 * the first one counts.
 *
 * Rejects with {@link ManifestFolderError} when a path does not exist or cannot be read.
 */
export async function readManifests(
  inputs: readonly (string | ManifestInput)[],
  store: Store = new Store(),
  limits: ManifestLimits = MANIFEST_LIMITS,
): Promise<ReadManifests> {
  const opened: (string | ManifestInput)[] = [];
  for (const input of inputs) opened.push(typeof input === "string" ? await open(input, limits) : input);
  const reading = await new ManifestFolders(opened, { limits, again: () => {} }).open(store);
  const texts = new Map<string, Buffer>();
  for (const input of opened) if (typeof input !== "string") texts.set(input.name, input.bytes);
  return { ...reading, store, locate: (diagnostics) => locateDiagnostics(diagnostics, texts) };
}

/** Reads a path that is no folder at once, because a pipe (`check <(helm template .)`) can be read only once. */
async function open(path: string, limits: ManifestLimits): Promise<string | ManifestInput> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return path;
    if (stats.size > limits.fileBytes) throw new RangeError("too large");
    return { name: path, bytes: await readFile(path), ...stats.isFile() ? { version: versionOf(stats) } : {} };
  } catch (cause) {
    const problem = cause instanceof RangeError
      ? "too-large"
      : errorCode(cause) === "ENOENT"
      ? "missing"
      : "unreadable";
    throw new ManifestFolderError(path, problem, { cause });
  }
}
