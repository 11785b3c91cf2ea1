/**
 * Tables that find the virtual host of an authority and the location of a path. Promises nginx's precedence, and a cost
 * that does not grow with the number of hosts or paths (regexes apart, which are tried in order).
 *
 * @module
 */
export { type HostMatch, HostTable } from "./host-table.ts";
export { type LocationHit, type LocationRule, LocationTable } from "./location-table.ts";
export { PrefixTable } from "./prefix-table.ts";
