/**
 * Watches one folder for changes. Events of `fs.watch` are hints only: names may be missing, and Deno reports nothing
 * more after a folder was created again under its old path.
 *
 * @module
 */
import { type FSWatcher, watch } from "node:fs";

/** Gets changes of a folder, without its subfolders. */
export interface FolderListener {
  /** An entry changed; undefined: any entry may have. */
  changed(name: string | undefined): void;
  /** The folder cannot be watched, or no longer. */
  failed(error: unknown): void;
}

/** Watch on one folder. */
export class FolderWatch {
  #watcher: FSWatcher | undefined;

  /** Begins to watch. A former watch on the same path must have been closed. */
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
