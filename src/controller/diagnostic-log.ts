/**
 * Diagnostics -> log lines.
 *
 * @module
 */
import type { Diagnostic, Severity, SourceRef } from "../diagnostic.ts";
import type { Logger } from "../observe/mod.ts";

/** More than these at a time are only counted: the rest is on the status port. */
const MAX_LINES = 200;

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Writes one line each, errors first. */
export function logDiagnostics(logger: Logger, diagnostics: readonly Diagnostic[]): void {
  const sorted = diagnostics.length > 1
    ? [...diagnostics].sort((a, b) => RANK[a.severity] - RANK[b.severity])
    : diagnostics;
  for (const diagnostic of sorted.slice(0, MAX_LINES)) logDiagnostic(logger, diagnostic);
  if (sorted.length > MAX_LINES) {
    logger.warning("further findings are not logged: see /configuration/diagnostics on the status port", {
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
    file: source && formatSource(source),
  });
}

/** `Kind/namespace/name`, or `Kind/name` for cluster-wide kinds. */
export function formatObject(object: NonNullable<Diagnostic["object"]>): string {
  return object.namespace === ""
    ? `${object.kind}/${object.name}`
    : `${object.kind}/${object.namespace}/${object.name}`;
}

/** `file:line:column`, as editors and compilers write it. */
export function formatSource(source: SourceRef): string {
  if (source.line === undefined) return source.file;
  return source.column === undefined
    ? `${source.file}:${source.line}`
    : `${source.file}:${source.line}:${source.column}`;
}
