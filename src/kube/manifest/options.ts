/**
 * Options and results that {@link ManifestSource} and {@link readManifests} share.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Diagnostic } from "../../diagnostic.ts";
import type { Logger } from "../../observe/mod.ts";
import type { SourceReading } from "../source.ts";
import type { ManifestLimits } from "./limits.ts";
import type { FileVersion } from "./tree.ts";

/** Settings of a manifest source. */
export interface ManifestSourceOptions {
  /**
   * Folders, read with their subfolders. Of an object in several files, the one in the first folder, then in the first
   * path, is in force.
   */
  readonly folders: readonly string[];
  readonly logger: Logger;
  /** Interval of complete rescans, which find what a watch misses, milliseconds. Default: 30,000. */
  readonly rescanIntervalMs?: number;
  /**
   * Interval of the poll of folders and of the targets of links, which a watch cannot see, milliseconds. Default: 1000.
   */
  readonly pollIntervalMs?: number;
  /** Limits; default: {@link MANIFEST_LIMITS}. */
  readonly limits?: Partial<ManifestLimits>;
}

/** Text in place of a file: standard input, or a pipe. */
export interface ManifestInput {
  /** Name in diagnostics. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Device and inode, if known: the same file in a folder is no duplicate. */
  readonly version?: FileVersion;
}

/** Result of a first reading. */
export interface ManifestReading extends SourceReading {
  readonly files: number;
  /** All diagnostics, sorted by file, then line. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A folder of the command line cannot be read; the program cannot start. */
export class ManifestFolderError extends Error {
  override readonly name = "ManifestFolderError";

  constructor(
    readonly folder: string,
    readonly problem: "missing" | "not-a-folder" | "unreadable" | "too-large",
    options?: ErrorOptions,
  ) {
    super(`cannot read manifests folder "${folder}": ${PROBLEMS[problem]}`, options);
  }
}

const PROBLEMS = {
  "missing": "no such folder",
  "not-a-folder": "not a folder",
  "unreadable": "permission denied or input/output error",
  "too-large": "more bytes than one file may have",
} as const;
