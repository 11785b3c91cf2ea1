/**
 * Sends exchanges to upstreams and relays what comes back. Promises that a request is not sent twice unless
 * proxy-next-upstream allows it, and that the slower side sets the pace.
 *
 * @module
 */
export { UpstreamForwarder } from "./upstream-forwarder.ts";
