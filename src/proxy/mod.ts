/**
 * The data plane: listeners, TLS, router, pipeline, balancers, upstream connections. It serves the last snapshot that
 * it was given, ends every request on the tables that it began with, and closes no connection because of a change of
 * the configuration.
 *
 * @module
 */
export type { CountsDelta } from "./state/mod.ts";
export { type Resolution, type Resolve, resolve } from "./balancer/mod.ts";
export { DataPlane, type DataPlaneCounters, type DataPlaneOptions, isWeb, type ListenOptions } from "./data-plane.ts";
export type { StreamConnection, StreamHandler } from "./contract.ts";
export type { Middleware, MiddlewareContext, MiddlewareRule } from "./pipeline/mod.ts";
export { ListenError } from "./listen-error.ts";
export { ListenerSet, type ListenFailure, type OpenPort } from "./listener-set.ts";
export { FAKE_CERTIFICATE, type KeyPair, makeSelfSigned } from "./tls/mod.ts";
