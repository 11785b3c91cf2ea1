/**
 * Log lines that are held back while several processes do the same: it is enough when one of them tells.
 *
 * @module
 */
import type { Logger, LogLevel } from "../observe/mod.ts";
import type { LogEntry } from "./message.ts";

/** A logger that writes to another one, or holds its lines back for a while. */
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

  /** From now on lines are held back. */
  hold(): void {
    this.#held = [];
  }

  /** Lines held back, which the caller has to write; further ones are written as they come. */
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
