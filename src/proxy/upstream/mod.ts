/**
 * Connections to endpoints, kept open between requests. Promises that one that is not fit for another request is never taken
 * again.
 *
 * @module
 */
export { UpstreamPools } from "./pool.ts";
