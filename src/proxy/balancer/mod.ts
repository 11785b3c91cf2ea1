/**
 * Balancers: which endpoint of an upstream is tried, and which one next. Promises that changes of the endpoints lose
 * nothing that is known about those that stay.
 *
 * @module
 */
export { EndpointReferences } from "./endpoint-references.ts";
export { ConsistentHash, type ConsistentHashOptions } from "./consistent-hash.ts";
export { type Balancer } from "./contract.ts";
export { drawByWeight } from "./draw.ts";
export { Ewma, type EwmaOptions } from "./ewma.ts";
export { UpstreamGroup, type UpstreamGroupOptions } from "./group.ts";
export { type Resolution, type Resolve, resolve } from "./resolver.ts";
export { RoundRobin } from "./round-robin.ts";
export { Sticky, type StickyOptions, type StickySpec } from "./sticky.ts";
