/**
 * Log lines of the program itself: structured, text for a terminal, JSON with `--log-format json`. Not the access log.
 *
 * @module
 */

/** Levels, the least important first. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** Values that a log field may have. */
export type LogValue = string | number | boolean | null | undefined;

/** Writes one line an event. `message` is constant text; what varies is in `fields`. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, LogValue>>): void;
  info(message: string, fields?: Readonly<Record<string, LogValue>>): void;
  warning(message: string, fields?: Readonly<Record<string, LogValue>>): void;
  error(message: string, fields?: Readonly<Record<string, LogValue>>): void;
}
