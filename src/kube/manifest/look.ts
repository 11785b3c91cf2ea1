/**
 * A look at what stands under a name, without reading it.
 *
 * @module
 */
import { errorCode, type FileIo } from "./io.ts";
import { type FileVersion, versionOf } from "./tree.ts";

/** Something stands there. */
export interface Present {
  readonly kind: "file" | "folder" | "other";
  readonly version: FileVersion;
  readonly isLink: boolean;
}

/** What stands under a name. */
export type Look = { readonly kind: "missing" } | Present | {
  readonly kind: "unreadable";
  readonly error: unknown;
  readonly isLink: boolean;
};

/** Follows links. Never rejects. */
export async function lookAt(io: FileIo, path: string): Promise<Look> {
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
