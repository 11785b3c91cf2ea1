/**
 * Destinations of access log lines: standard output or a file.
 *
 * @module
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import type { AccessLogSink } from "./access-log.ts";

/** Wait before a write to a full pipe in non-blocking mode is tried again. */
const RETRY_MS = 10;
/** Interval of the check whether the file was moved away (log rotation). */
const LOOK_MS = 5_000;

/** Writes with `writeSome`, which resolves to the number of bytes written; 0: none at the moment. */
export function streamSink(writeSome: (bytes: Uint8Array) => Promise<number>): AccessLogSink {
  return async (lines) => {
    for (let at = 0; at < lines.length;) {
      const written = await writeSome(lines.subarray(at));
      if (written === 0) await new Promise((done) => setTimeout(done, RETRY_MS));
      at += written;
    }
  };
}

/** A sink that writes to a file. One call at a time. */
export interface FileSink extends AccessLogSink {
  /**
   * Opens the file again by its name, and creates it when it is missing. When this rejects, the former file stays open.
   */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** Appends to a file. Some seconds after the file was moved or removed, it is opened again. @param now milliseconds */
export function fileSink(path: string, now: () => number = Date.now): FileSink {
  let file: FileHandle | null = null;
  let inode = 0;
  let lookedAtMs = 0;

  async function current(): Promise<FileHandle> {
    const nowMs = now();
    if (file !== null && nowMs - lookedAtMs >= LOOK_MS) {
      lookedAtMs = nowMs;
      const found = await stat(path).catch(() => null);
      if (found === null || found.ino !== inode) {
        await file.close();
        file = null;
      }
    }
    return file ?? await openFile();
  }

  async function openFile(): Promise<FileHandle> {
    file = await open(path, "a", 0o644);
    inode = (await file.stat()).ino;
    lookedAtMs = now();
    return file;
  }

  const sink = async (lines: Uint8Array): Promise<void> => {
    const target = await current();
    for (let at = 0; at < lines.length;) {
      const { bytesWritten } = await target.write(lines, at, lines.length - at, null);
      at += bytesWritten;
    }
  };
  return Object.assign(sink, {
    reopen: async (): Promise<void> => {
      const former = file;
      await openFile();
      await former?.close();
    },
    close: async (): Promise<void> => {
      await file?.close();
      file = null;
    },
  });
}
