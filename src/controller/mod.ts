/**
 * From changed objects to a served snapshot: waits for a burst to end, compiles, publishes, tells. Promises that a failure
 * on the way keeps the last good configuration in force.
 *
 * @module
 */
export { Controller, type ControllerOptions, type ControllerState } from "./controller.ts";
export { formatObject, formatSource, type LocateDiagnostics, logDiagnostics } from "./diagnostic-log.ts";
