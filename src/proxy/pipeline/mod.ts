/**
 * The pipeline: the tables of hosts and locations with their policies compiled, and the handler that takes requests
 * through them. Promises that every request is answered exactly once, by the tables it began with.
 *
 * @module
 */
export { AccessLogger } from "./access-logger.ts";
export { builtInLocations } from "./built-in.ts";
export type { Middleware, MiddlewareContext, MiddlewareRule } from "./middleware.ts";
export { Pipeline, type PipelineOptions } from "./pipeline.ts";
export { Tables, type TablesOptions } from "./tables.ts";
