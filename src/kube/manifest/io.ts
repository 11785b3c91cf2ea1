/**
 * The few file operations that a scan needs, waiting (for the first reading, when nothing else has to run) or not.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type Dirent, lstatSync, promises, readdirSync, readFileSync, type Stats, statSync } from "node:fs";

/** A result at once, or later. */
export type Awaitable<T> = T | Promise<T>;

/** File operations; all fail as node:fs does. */
export interface FileIo {
  lstat(path: string): Awaitable<Stats>;
  stat(path: string): Awaitable<Stats>;
  entries(path: string): Awaitable<Dirent[]>;
  read(path: string): Awaitable<Buffer>;
}

/** Returns when done: fastest, and holds up everything. */
export const waitingIo: FileIo = {
  lstat: (path) => lstatSync(path),
  stat: (path) => statSync(path),
  entries: (path) => readdirSync(path, { withFileTypes: true }),
  read: (path) => readFileSync(path),
};

/** Works beside everything else: a file system that hangs holds up nothing. */
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

/** What went wrong with a file, in words. */
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
