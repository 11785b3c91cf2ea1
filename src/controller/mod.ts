/**
 * Turns changed objects into a served snapshot: waits for the end of a burst, compiles, publishes, logs. A failure
 * keeps the last good configuration in force.
 *
 * @module
 */
export { compilationLog } from "./compilation-log.ts";
export type { ControllerState } from "./configuration-state.ts";
export { Controller, type ControllerOptions } from "./controller.ts";
export { type LocateDiagnostics, logDiagnostics } from "./diagnostic-log.ts";
export type { CompilationObserver, FailedCompilation, PublishedCompilation } from "./observer.ts";
