/**
 * State that outlives the tables: counts and caches of policies.
 *
 * @module
 */
export { type CountsDelta, KeptState } from "./kept-state.ts";
