/**
 * Writes diagnostics as log lines.
 *
 * @module
 */
import { type Diagnostic, formatObject, formatSource, type Severity } from "../diagnostic.ts";
import type { Logger } from "../observe/mod.ts";

/** Number of lines at a time; further diagnostics are counted, and stand on the status port. */
const MAX_LINES = 200;

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Finds the exact lines of diagnostics; resolves to as many diagnostics, in the same order. */
export type LocateDiagnostics = (diagnostics: readonly Diagnostic[]) => Promise<readonly Diagnostic[]>;

/** Writes a line for each diagnostic, errors first, at once or when `locate` has found the lines. Never rejects. */
export async function logDiagnostics(
  logger: Logger,
  diagnostics: readonly Diagnostic[],
  locate?: LocateDiagnostics,
): Promise<void> {
  if (diagnostics.length === 0) return;
  const sorted = [...diagnostics].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  const chosen: readonly Diagnostic[] = sorted.slice(0, MAX_LINES);
  const located = locate === undefined ? chosen : await locate(chosen).catch(() => chosen);
  for (const diagnostic of located) logDiagnostic(logger, diagnostic);
  if (sorted.length > MAX_LINES) {
    logger.warning("further diagnostics are not logged: see /configuration/diagnostics on the status port", {
      count: sorted.length - MAX_LINES,
    });
  }
}

function logDiagnostic(logger: Logger, diagnostic: Diagnostic): void {
  const { severity, object, annotation, field, source } = diagnostic;
  logger[severity](diagnostic.message, {
    reason: diagnostic.reason,
    effect: diagnostic.effect,
    object: object && formatObject(object),
    annotation,
    field,
    [source?.kind === "file" ? "file" : "source"]: source && formatSource(source),
  });
}
