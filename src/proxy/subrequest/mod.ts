/**
 * Requests that policies make on behalf of a client's. Promises that they are bounded in time and length, and never come to a
 * listener of this program.
 *
 * @module
 */
export { Subrequests } from "./subrequests.ts";
