/**
 * Temporary files without a name: they go away with the process, whatever happens.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { open, unlink } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Opens a new file for reading and writing, which nobody else can open. `file` is -1 when there is an error. */
export function openUnnamed(done: (error: Error | null, file: number) => void): void {
  const path = join(tmpdir(), `sallyport-${randomBytes(12).toString("hex")}`);
  open(path, "wx+", 0o600, (error, file) => {
    if (error !== null) return done(error, -1);
    unlink(path, () => {});
    done(null, file);
  });
}
