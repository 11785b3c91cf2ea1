/**
 * Writes compilations as log lines: new diagnostics, then what was applied.
 *
 * @module
 */
import type { StoreChange } from "../kube/mod.ts";
import type { Logger } from "../observe/mod.ts";
import { changesSomething } from "../snapshot/mod.ts";
import { type LocateDiagnostics, logDiagnostics } from "./diagnostic-log.ts";
import type { CompilationObserver, FailedCompilation, PublishedCompilation } from "./observer.ts";

const FAILURES: Readonly<Record<FailedCompilation["stage"], string>> = {
  compile: "cannot compile the objects: the former configuration stays in force",
  publish: "cannot put the configuration into force",
};

/** @param locate finds the lines of new diagnostics before they are logged; see {@link logDiagnostics} */
export function compilationLog(logger: Logger, locate?: LocateDiagnostics): CompilationObserver {
  return {
    published: (compilation) => {
      void logDiagnostics(logger, compilation.newDiagnostics, locate);
      logUpdate(logger, compilation);
    },
    failed: ({ stage, error }) => {
      logger.error(FAILURES[stage], { error: error instanceof Error ? error.message : String(error) });
      if (error instanceof Error && error.stack !== undefined) logger.debug("stack", { stack: error.stack });
    },
  };
}

function logUpdate(logger: Logger, { first, update, changes, publishMs, tookMs }: PublishedCompilation): void {
  const level = first || changesSomething(update) ? "info" : "debug";
  logger[level](first ? "first configuration compiled" : "configuration applied", {
    changed: first ? undefined : nameChanges(changes),
    hosts: update.virtualHosts.set.length,
    hostsRemoved: update.virtualHosts.remove.length || undefined,
    upstreams: update.upstreams.set.length,
    upstreamsRemoved: update.upstreams.remove.length || undefined,
    certificates: update.certificates.set.length,
    certificatesRemoved: update.certificates.remove.length || undefined,
    listeners: first ? undefined : update.listeners.set.length || undefined,
    listenersRemoved: update.listeners.remove.length || undefined,
    globals: update.globals === undefined || first ? undefined : true,
    publishMs: round(publishMs),
    ms: round(tookMs),
  });
}

/** Names of the first few changed objects, so that the line tells what caused the update. */
function nameChanges(changes: readonly StoreChange[]): string {
  const names = changes.slice(0, 3).map((change) => change.key.replace("//", "/"));
  return changes.length > 3 ? `${names.join(", ")} and ${changes.length - 3} more` : names.join(", ");
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
