/**
 * File operations of a scan, blocking (for the first reading, when nothing else has to run) or not.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type Dirent, lstatSync, promises, readdirSync, readFileSync, type Stats, statSync } from "node:fs";

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** File operations; all fail like node:fs. */
export interface FileIo {
  lstat(path: string): Awaitable<Stats>;
  stat(path: string): Awaitable<Stats>;
  entries(path: string): Awaitable<Dirent[]>;
  read(path: string): Awaitable<Buffer>;
}

/** Blocking operations: the fastest, and nothing else runs. */
export const waitingIo: FileIo = {
  lstat: (path) => lstatSync(path),
  stat: (path) => statSync(path),
  entries: (path) => readdirSync(path, { withFileTypes: true }),
  read: (path) => readFileSync(path),
};

/** Operations in the background: a file system that hangs blocks nothing. */
export const backgroundIo: FileIo = {
  lstat: (path) => promises.lstat(path),
  stat: (path) => promises.stat(path),
  entries: (path) => promises.readdir(path, { withFileTypes: true }),
  read: (path) => promises.readFile(path),
};

/** `code` of an error of node:fs. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "unknown";
}

/** Describes the error of a file operation. */
export function problemOf(error: unknown): string {
  const code = errorCode(error);
  switch (code) {
    case "ENOENT":
      return "no such file";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "ELOOP":
      return "links lead in a circle";
    case "ENOTDIR":
      return "not a folder";
    default:
      return code === "unknown" && error instanceof Error ? error.message : code;
  }
}
