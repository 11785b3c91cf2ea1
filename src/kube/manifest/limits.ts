/**
 * How much is read of folders that may be anything: the root of a machine, say.
 *
 * @module
 */

/** What is beyond is not read, and a finding says so. */
export interface ManifestLimits {
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Bytes of all files that are in force. */
  readonly totalBytes: number;
  /** Files whose names are those of manifests. */
  readonly files: number;
  /** Folders below the roots; each is watched, and compared every half minute. */
  readonly folders: number;
  /** Folders below the roots, within each other. */
  readonly depth: number;
  /** Folders that are reached through links, each as often as links lead to it. */
  readonly linkedFolders: number;
}

/** The limits where nothing else is said. */
export const MANIFEST_LIMITS: ManifestLimits = {
  fileBytes: 64 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
  files: 100_000,
  folders: 10_000,
  depth: 32,
  linkedFolders: 1000,
};

/** What has been used up of the limits. */
export class Quota {
  readonly #limits: ManifestLimits;
  #folders = 0;
  #linked = 0;
  /** Of files that are in force. */
  bytes = 0;

  constructor(limits: ManifestLimits) {
    this.#limits = limits;
  }

  /** Adds a folder in another one of this depth; returns why that may not be. */
  addFolder(depth: number, linked: boolean): string | undefined {
    const { depth: maxDepth, folders, linkedFolders } = this.#limits;
    if (depth >= maxDepth) return `folders are more than ${maxDepth} deep`;
    if (this.#folders >= folders) return `there are more than ${folders} folders in all`;
    // A few folders that link to each other have more paths than anybody can look at.
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
