/**
 * State of a directory entry, without reading its content.
 *
 * @module
 */
import { errorCode, type FileIo } from "./io.ts";
import { type FileVersion, versionOf } from "./tree.ts";

/** State of an existing entry. */
export interface Present {
  readonly kind: "file" | "folder" | "other";
  readonly version: FileVersion;
  readonly isLink: boolean;
}

/** State of an entry. */
export type EntryState = { readonly kind: "missing" } | Present | {
  readonly kind: "unreadable";
  readonly error: unknown;
  readonly isLink: boolean;
};

/** Returns the state of an entry; follows links. Never rejects. */
export async function inspectEntry(io: FileIo, path: string): Promise<EntryState> {
  let isLink = false;
  try {
    const entry = await io.lstat(path);
    isLink = entry.isSymbolicLink();
    const stats = isLink ? await io.stat(path) : entry;
    const kind = stats.isDirectory() ? "folder" : stats.isFile() ? "file" : "other";
    return { kind, version: versionOf(stats), isLink };
  } catch (error) {
    return errorCode(error) === "ENOENT" && !isLink ? { kind: "missing" } : { kind: "unreadable", error, isLink };
  }
}
