/**
 * Log lines about updates: all workers send them, and each is written once.
 *
 * @module
 */
import type { Logger } from "../observe/mod.ts";
import type { LogEntry } from "./message.ts";

/** Writes the lines of one update after the other. */
export class UpdateLog {
  readonly #logger: Logger;
  #serial = 0;
  /** Lines that have been written for the current update. */
  #written = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Writes the lines that no other worker has sent for the update. */
  write(serial: number, entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    if (serial !== this.#serial) {
      this.#serial = serial;
      this.#written = new Set();
    }
    for (const entry of entries) {
      const line = JSON.stringify(entry);
      if (this.#written.has(line)) continue;
      this.#written.add(line);
      this.#logger[entry.level](entry.message, entry.fields);
    }
  }
}
