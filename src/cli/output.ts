/**
 * Text of short-lived commands to standard output and standard error.
 *
 * @module
 */
import { writeSync } from "node:fs";

/** Writes to a descriptor before it returns, because the process may end next. */
export function writeAll(descriptor: 1 | 2, text: string): void {
  const bytes = new TextEncoder().encode(text);
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      // A write to a full pipe is tried again; without a reader the text is dropped.
      if ((error as { code?: string }).code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
