/**
 * Format of the diagnostics that `check` prints.
 *
 * @module
 */
import { type Diagnostic, formatObject, formatSource } from "../diagnostic.ts";

/** Summary of a check. */
export interface CheckSummary {
  readonly files: number;
  readonly objects: number;
  /** Hosts that an Ingress serves something on, including `_` for all others. */
  readonly hosts: number;
  readonly errors: number;
  readonly warnings: number;
  readonly infos: number;
  /** Diagnostics by which something is not served or is answered with 5xx: all errors, and some warnings. */
  readonly unserved: number;
}

/** Control characters, which must not reach a terminal. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Formats all diagnostics and the summary. */
export function formatDiagnostics(
  format: "text" | "json",
  diagnostics: readonly Diagnostic[],
  summary: CheckSummary,
): string {
  if (format === "json") return JSON.stringify({ summary, diagnostics }, null, 2) + "\n";
  const lines = diagnostics.map((d) => formatDiagnostic(d).replace(CONTROL, " "));
  return [...lines, formatSummary(summary), ""].join("\n");
}

function formatDiagnostic(diagnostic: Diagnostic): string {
  const { severity, object, annotation, field, message, effect, source, reason } = diagnostic;
  const parts = [severity as string];
  if (source !== undefined) parts.unshift(formatSource(source));
  if (object !== undefined) parts.push(formatObject(object));
  const place = annotation ?? field;
  if (place !== undefined) parts.push(place);
  return `${parts.join(": ")}: ${message}${effect === undefined ? "" : `; ${effect}`} [${reason}]`;
}

function formatSummary({ files, objects, hosts, errors, warnings, infos }: CheckSummary): string {
  return `${count(files, "file")}, ${count(objects, "object")}, ${count(hosts, "host")}: ` +
    `${count(errors, "error")}, ${count(warnings, "warning")}, ${count(infos, "note")}`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
