/**
 * Temporary files without a name: the system removes them with the process.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { close, open, unlink } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let openFiles = 0;

/** Number of files that are open or being opened; each takes a descriptor. */
export function countUnnamed(): number {
  return openFiles;
}

/**
 * Opens a new file for reading and writing that nothing else can open. `file` is -1 when there is an error. Ends with
 * {@link closeUnnamed}.
 */
export function openUnnamed(done: (error: Error | null, file: number) => void): void {
  const path = join(tmpdir(), `sallyport-${randomBytes(12).toString("hex")}`);
  openFiles++;
  open(path, "wx+", 0o600, (error, file) => {
    if (error !== null) {
      openFiles--;
      return done(error, -1);
    }
    unlink(path, () => {});
    done(null, file);
  });
}

/** Closes a file; its content is lost. */
export function closeUnnamed(file: number): void {
  openFiles--;
  close(file, () => {});
}
