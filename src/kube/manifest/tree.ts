/**
 * What is known of the folders and files: nodes without behaviour.
 *
 * @module
 */
import type { Stats } from "node:fs";
import type { Diagnostic } from "../../diagnostic.ts";
import type { ClaimingFile } from "./claims.ts";
import type { FolderWatch } from "./folder-watch.ts";
import type { ManifestText } from "./manifest-text.ts";

/** What tells one version of a file from another without reading it. */
export interface FileVersion {
  readonly inode: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

export function versionOf(stats: Stats): FileVersion {
  return { inode: inodeOf(stats), size: stats.size, mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs };
}

export function sameVersion(a: FileVersion, b: FileVersion): boolean {
  return a.inode === b.inode && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

export function inodeOf(stats: Stats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** A manifest file. */
export class FileNode implements ClaimingFile {
  /** Version that was read last; undefined: none, or it must be read again. */
  version: FileVersion | undefined;
  /** The version was so young when it was read that another may have the same times. */
  young = false;
  isLink = false;
  /** Length of the content that was read last. */
  bytes = 0;
  /** Last good content. */
  text: ManifestText | undefined;
  /** Why the present content is not in force. */
  problem: Diagnostic | undefined;
  /** Not there any more; it may come back in a moment, as editors save. */
  gone = false;
  /** When it was first put off because it was being written, in ms of the monotonic clock. */
  waitingSince: number | undefined;
  /** What it holds looks like a part of what is being written. */
  doubted = false;

  constructor(readonly path: string, readonly order: string) {}

  get inode(): string {
    return this.version?.inode ?? this.path;
  }
}

/** A folder. */
export class FolderNode {
  readonly children = new Map<string, FolderNode | FileNode>();
  watch: FolderWatch | undefined;
  mtimeMs = -1;
  isLink = false;
  /** There is a link on the way to it from its root. */
  linked = false;
  /** Its watch cannot be relied upon: all its entries are looked at every time. */
  doubtful = false;
  /** It is no part of the tree any more. */
  closed = false;
  /** Why it cannot be read now; what is known of it stays. */
  problem: Diagnostic | undefined;

  constructor(
    readonly path: string,
    /** Rank of the root, then path. */
    readonly order: string,
    readonly inode: string,
    readonly parent: FolderNode | undefined,
  ) {}

  /** Path of an entry. */
  at(name: string): string {
    return this.path === "/" ? `/${name}` : `${this.path}/${name}`;
  }

  /** Is this folder, or one that it is in, the one with this inode. */
  isWithin(inode: string): boolean {
    if (this.inode === inode) return true;
    for (let node = this.parent; node !== undefined; node = node.parent) if (node.inode === inode) return true;
    return false;
  }

  get depth(): number {
    let depth = 0;
    for (let node = this.parent; node !== undefined; node = node.parent) depth++;
    return depth;
  }
}
