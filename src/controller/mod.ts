/**
 * Turns changed objects into a served snapshot: waits for the end of a burst, compiles, publishes, logs. A failure
 * keeps the last good configuration in force.
 *
 * @module
 */
export { Controller, type ControllerOptions, type ControllerState } from "./controller.ts";
export { type LocateDiagnostics, logDiagnostics } from "./diagnostic-log.ts";
