/**
 * Bounds of what is read from folders, which may be anything, such as the root of a machine.
 *
 * @module
 */

/** Bounds; content beyond them is not read, and has a diagnostic. */
export interface ManifestLimits {
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Bytes of all files that are in force. */
  readonly totalBytes: number;
  /** Number of manifest files. */
  readonly files: number;
  /** Number of folders below the roots; each is watched, and rescanned every half minute. */
  readonly folders: number;
  /** Depth of folders below the roots. */
  readonly depth: number;
  /** Number of folders that are reached through links, each counted once for each path. */
  readonly linkedFolders: number;
}

/** Default limits. */
export const MANIFEST_LIMITS: ManifestLimits = {
  fileBytes: 64 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
  files: 100_000,
  folders: 10_000,
  depth: 32,
  linkedFolders: 1000,
};

/** Use of the limits. */
export class Quota {
  readonly #limits: ManifestLimits;
  #folders = 0;
  #linked = 0;
  /** Bytes of the files in force. */
  bytes = 0;

  constructor(limits: ManifestLimits) {
    this.#limits = limits;
  }

  /** Adds a folder at a depth; returns the reason when a limit forbids it. */
  addFolder(depth: number, linked: boolean): string | undefined {
    const { depth: maxDepth, folders, linkedFolders } = this.#limits;
    if (depth >= maxDepth) return `folders are more than ${maxDepth} deep`;
    if (this.#folders >= folders) return `there are more than ${folders} folders in all`;
    // Folders that link to each other have an exponential number of paths.
    if (linked && this.#linked >= linkedFolders) return `links lead to more than ${linkedFolders} folders`;
    this.#folders++;
    if (linked) this.#linked++;
    return undefined;
  }

  removeFolder(linked: boolean): void {
    this.#folders--;
    if (linked) this.#linked--;
  }
}
