/**
 * Limits and deadlines of client connections, from the globals.
 *
 * @module
 */
import type { Globals } from "../snapshot/snapshot.ts";
import type { WireSettings } from "./contract.ts";

/** Bound of the field lines of a request. */
const MAX_FIELDS = 128;
/** nginx's send_timeout, for which ingress-nginx has no setting. */
const SEND_TIMEOUT_MS = 60_000;

/** Compiles the settings of the wire. */
export function compileWireSettings(globals: Globals): WireSettings {
  const { client, headers, tls, upstreamKeepAlive } = globals;
  const { largeHeaderBuffers } = client;
  return {
    headerTimeoutMs: client.headerTimeoutMs,
    bodyTimeoutMs: client.bodyTimeoutMs,
    keepAliveMs: client.keepAliveMs,
    keepAliveRequests: client.keepAliveRequests,
    sendTimeoutMs: SEND_TIMEOUT_MS,
    maxLineBytes: largeHeaderBuffers.bytes,
    maxHeadBytes: largeHeaderBuffers.count * largeHeaderBuffers.bytes,
    maxFields: MAX_FIELDS,
    dropUnderscores: !headers.enableUnderscoresInHeaders,
    keepInvalidNames: !headers.ignoreInvalidHeaders,
    http2: tls.useHttp2,
    maxConcurrentStreams: tls.http2MaxConcurrentStreams,
    upstreamIdle: upstreamKeepAlive,
  };
}
