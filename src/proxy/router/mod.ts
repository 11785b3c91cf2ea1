/**
 * Tables that find the virtual host of an authority and the location of a path, with nginx's precedence. The cost does
 * not grow with the number of hosts or paths, except for regexes, which are tested in order.
 *
 * @module
 */
export { type HostMatch, HostTable } from "./host-table.ts";
export { type LocationHit, type LocationRule, LocationTable } from "./location-table.ts";
export { PrefixTable } from "./prefix-table.ts";
