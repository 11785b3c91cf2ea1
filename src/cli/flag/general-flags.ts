/**
 * Flags that every command has, and those of logging.
 *
 * @module
 */
import { bool, choice, integer } from "./kind.ts";

/** `--help` and `--version`. */
export const GENERAL_FLAGS = {
  "help": bool(false, { group: "General", short: "h", doc: "Print this and exit." }),
  "version": bool(false, { group: "General", doc: "Print the version and exit." }),
};

/** Flags of the log on standard error. */
export const LOG_FLAGS = {
  "log-format": choice(["text", "json"], "text", {
    group: "Logging",
    doc: "Spelling of our own log lines, which go to standard error. (The access log goes to standard output, in the " +
      "format of the ConfigMap.)",
  }),
  "log-level": choice(["debug", "info", "warning", "error"], "info", {
    group: "Logging",
    doc: "Least important log lines that are written.",
  }),
  "v": integer("N", 0, {
    group: "Logging",
    short: "v",
    doc: "Verbosity as of klog: 2 and more mean --log-level debug.",
  }),
};
