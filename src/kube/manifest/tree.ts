/**
 * The known state of folders and files: nodes without behaviour.
 *
 * @module
 */
import type { Stats } from "node:fs";
import type { Diagnostic } from "../../diagnostic.ts";
import type { CopyFile } from "./object-copies.ts";
import type { FolderWatch } from "./folder-watch.ts";
import type { ManifestText } from "./manifest-text.ts";

/** Identity of a version of a file, known without reading it. */
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
export class FileNode implements CopyFile {
  /** Version that was read last; undefined: none, or it must be read again. */
  version: FileVersion | undefined;
  /** The version was so new when it was read that another may have the same times. */
  young = false;
  isLink = false;
  /** Length of the content that was read last, bytes. */
  bytes = 0;
  /** Last good content. */
  text: ManifestText | undefined;
  /** Reason why the current content is not in force. */
  problem: Diagnostic | undefined;
  /** The file is missing; it may come back in a moment, as when editors save. */
  gone = false;
  /** Time of the first delay because it was being written, milliseconds of the monotonic clock. */
  waitingSince: number | undefined;
  /** The content looks incomplete. */
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
  /** The path from the root contains a link. */
  linked = false;
  /** The watch is unreliable: every scan inspects all entries. */
  doubtful = false;
  /** The folder is no longer part of the tree. */
  closed = false;
  /** Reason why the folder cannot be read; its known content stays. */
  problem: Diagnostic | undefined;

  constructor(
    readonly path: string,
    /** Text by which folders are ordered: rank of the root, then path. */
    readonly order: string,
    readonly inode: string,
    readonly parent: FolderNode | undefined,
  ) {}

  /** Path of an entry. */
  at(name: string): string {
    return this.path === "/" ? `/${name}` : `${this.path}/${name}`;
  }

  /** True when this folder, or one that contains it, has the inode. */
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
