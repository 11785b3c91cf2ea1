/**
 * Holds log lines back while several processes do the same work, so that one of them logs for all.
 *
 * @module
 */
import type { Logger, LogLevel } from "../observe/mod.ts";
import type { LogEntry } from "./message.ts";

/** A logger that writes to another one, or holds lines back. */
export class HeldLog implements Logger {
  readonly #logger: Logger;
  #held: LogEntry[] | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  readonly debug: Logger["debug"] = (message, fields) => this.#log("debug", message, fields);
  readonly info: Logger["info"] = (message, fields) => this.#log("info", message, fields);
  readonly warning: Logger["warning"] = (message, fields) => this.#log("warning", message, fields);
  readonly error: Logger["error"] = (message, fields) => this.#log("error", message, fields);

  /** Begins to hold lines back. */
  hold(): void {
    this.#held = [];
  }

  /** Returns the lines held back, which the caller must write; further lines are written at once. */
  release(): readonly LogEntry[] {
    const held = this.#held ?? [];
    this.#held = null;
    return held;
  }

  #log(level: LogLevel, message: string, fields: LogEntry["fields"]): void {
    if (this.#held === null) this.#logger[level](message, fields);
    else this.#held.push(fields === undefined ? { level, message } : { level, message, fields });
  }
}
