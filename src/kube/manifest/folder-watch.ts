/**
 * Tells that something in one folder changed. What a runtime's `fs.watch` says is taken as a hint only: names may be
 * missing, and after a folder was made anew under its old path Deno says nothing more.
 *
 * @module
 */
import { type FSWatcher, watch } from "node:fs";

/** Hears of changes in a folder, without its subfolders. */
export interface FolderListener {
  /** An entry changed; undefined: any of them. */
  changed(name: string | undefined): void;
  /** The folder cannot be watched (any more). */
  failed(error: unknown): void;
}

/** A watch on one folder. */
export class FolderWatch {
  #watcher: FSWatcher | undefined;

  /** Begins to listen. A former watch on the same path must have been closed before. */
  constructor(path: string, listener: FolderListener) {
    const failed = (error: unknown) => {
      this.close();
      listener.failed(error);
    };
    try {
      this.#watcher = watch(path, (_event, name) => {
        if (this.#watcher !== undefined) listener.changed(typeof name === "string" && name !== "" ? name : undefined);
      });
      this.#watcher.on("error", failed);
    } catch (error) {
      failed(error);
    }
  }

  close(): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.close();
  }
}
