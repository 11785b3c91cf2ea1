/**
 * Programs of snippets as functions on exchanges, in the phases of nginx.
 *
 * @module
 */
export type { HandWrittenLocation } from "./hand-written.ts";
export { compileLocationProgram, type LocationProgram } from "./location-program.ts";
export { type GeneratedMatch, type LocationSearch } from "./location-search.ts";
export { compileServerProgram, type ServerProgram } from "./server-program.ts";
export { MAX_REWRITE_ROUNDS, type Verdict } from "./verdict.ts";
