/**
 * The text and JSON formats of log lines, and the logger that writes them.
 *
 * @module
 */
import process from "node:process";
import { type Clock, systemClock } from "./clock.ts";
import type { Logger, LogLevel, LogValue } from "./logger.ts";

/** Format of log lines: `text` for people, `json` for collectors (one object a line). */
export type LogFormat = "text" | "json";

/** Fields of a line, in the order in which they are written. */
export type LogFields = Readonly<Record<string, LogValue>>;

/** Options of a logger. */
export interface LoggerOptions {
  /** Default: `text`. */
  readonly format?: LogFormat;
  /** Lines below this level are not written. Default: `info`. */
  readonly level?: LogLevel;
  /** Takes whole lines, line end included. Default: the standard error of the process. */
  readonly write?: (line: string) => void;
  /** Colours levels; text only. Default: no. */
  readonly colour?: boolean;
  readonly clock?: Clock;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };
const WORD: Readonly<Record<LogLevel, string>> = { debug: "DEBUG", info: "INFO ", warning: "WARN ", error: "ERROR" };
const COLOUR: Readonly<Record<LogLevel, number>> = { debug: 90, info: 36, warning: 33, error: 31 };
/** Values that a text line shows without quotes. */
const PLAIN = /^[\w./:@*+,%()[\]{}<>~^!?;&|#$-]+$/;
/** Control characters, C1 and line separators included; in a value they could forge lines or move the cursor. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Writes one line an event to `write`. Fields that are `undefined` are left out. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { format = "text", level: lowest = "info", write = (line) => void process.stderr.write(line) } = options;
  const clock = options.clock ?? systemClock;
  const threshold = RANK[lowest];
  const at = (level: LogLevel): Logger["info"] => {
    if (RANK[level] < threshold) return () => {};
    if (format === "json") return (message, fields) => write(formatJsonLine(clock.nowMs(), level, message, fields));
    const word = options.colour ? `\u001b[${COLOUR[level]}m${WORD[level]}\u001b[0m` : WORD[level];
    return (message, fields) => write(formatTextLine(clock.nowMs(), word, message, fields));
  };
  return { debug: at("debug"), info: at("info"), warning: at("warning"), error: at("error") };
}

function formatTextLine(nowMs: number, word: string, message: string, fields: LogFields | undefined): string {
  let line = `${new Date(nowMs).toISOString()} ${word} ${escapeControls(message)}`;
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) line += ` ${name}=${formatTextValue(value)}`;
  }
  return line + "\n";
}

function formatTextValue(value: Exclude<LogValue, undefined>): string {
  if (typeof value !== "string") return String(value);
  return PLAIN.test(value) ? value : escapeControls(JSON.stringify(value));
}

function escapeControls(text: string): string {
  return text.replace(CONTROL, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function formatJsonLine(nowMs: number, level: LogLevel, message: string, fields: LogFields | undefined): string {
  // The fields come last so that no field can stand in for the time, the level or the message.
  const { time: _t, level: _l, message: _m, ...rest } = fields ?? {};
  return JSON.stringify({ time: new Date(nowMs).toISOString(), level, message, ...rest }) + "\n";
}
