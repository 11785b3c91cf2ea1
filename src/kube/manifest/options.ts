/**
 * What a manifest source is told and what it tells: shared by {@link ManifestSource} and {@link readManifests}.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Diagnostic } from "../../diagnostic.ts";
import type { Logger } from "../../observe/logger.ts";
import type { SourceReading } from "../source.ts";
import type { ManifestLimits } from "./limits.ts";
import type { FileVersion } from "./tree.ts";

/** Settings of a manifest source. */
export interface ManifestSourceOptions {
  /** Folders, read with their subfolders; of an object in two files the one in the first folder, then first path, is in force. */
  readonly folders: readonly string[];
  readonly logger: Logger;
  /** Milliseconds between two complete rescans, the safety net under the watch. Default 30000. */
  readonly rescanIntervalMs?: number;
  /** Milliseconds between two looks at folders and at the targets of links, for what a watch cannot see. Default 1000. */
  readonly glanceIntervalMs?: number;
  /** What is not given is as in {@link MANIFEST_LIMITS}. */
  readonly limits?: Partial<ManifestLimits>;
}

/** Text that is read in place of a file: standard input, or what can be read but once. */
export interface ManifestInput {
  /** As findings name it. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Device and inode, if it has any: the same file in a folder is no duplicate. */
  readonly version?: FileVersion;
}

/** What a first reading found. */
export interface ManifestReading extends SourceReading {
  readonly files: number;
  /** All findings, sorted by file, then line. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A folder named on the command line that cannot be read: the program cannot start. */
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
