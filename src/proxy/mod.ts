/**
 * The data plane's door: listeners, TLS, router, pipeline, balancers, upstream connections. Promises to serve the last
 * snapshot it was given, to end every request on the tables it began with, and to close nothing because configuration
 * changed.
 *
 * @module
 */
export type { CountsDelta } from "./state/mod.ts";
export { type Resolution, type Resolve, resolve } from "./balancer/resolver.ts";
export { DataPlane, type DataPlaneCounters, type DataPlaneOptions, isWeb, type ListenOptions } from "./data-plane.ts";
export type { StreamConnection, StreamHandler } from "./contract.ts";
export { ListenError } from "./listen-error.ts";
export { ListenerSet, type ListenFailure, type OpenPort } from "./listener-set.ts";
export { FAKE_CERTIFICATE, type KeyPair, makeSelfSigned } from "./tls/mod.ts";
