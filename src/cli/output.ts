/**
 * Text of short-lived commands to standard output and standard error.
 *
 * @module
 */
import { writeSync } from "node:fs";

/** Writes to a descriptor at once: whatever comes next may be the end of the process. */
export function writeAll(descriptor: 1 | 2, text: string): void {
  const bytes = new TextEncoder().encode(text);
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      // A pipe that is full for the moment is tried again; a reader that is gone wants no more.
      if ((error as { code?: string }).code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
