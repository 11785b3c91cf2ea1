/**
 * Limits and deadlines of client connections, from the globals.
 *
 * @module
 */
import type { HeadLengths, HostLengths } from "../http/mod.ts";
import type { Globals } from "../snapshot/snapshot.ts";
import type { WireSettings } from "./contract.ts";

/** Bound of the field lines of a request. */
const MAX_FIELDS = 128;
/** nginx's send_timeout, for which ingress-nginx has no setting. */
const SEND_TIMEOUT_MS = 60_000;

/** How long request heads may be on hosts that do not say. */
export function headLengthsOf({ client: { largeHeaderBuffers: { count, bytes } } }: Globals): HeadLengths {
  return { maxLineBytes: bytes, maxHeadBytes: count * bytes };
}

/** Compiles the settings of the wire. `hosts`: those with other lengths of request heads. */
export function compileWireSettings(globals: Globals, hosts?: HostLengths): WireSettings {
  const { client, headers, tls, upstreamKeepAlive } = globals;
  return {
    ...headLengthsOf(globals),
    ...hosts === undefined ? {} : { hosts },
    headerTimeoutMs: client.headerTimeoutMs,
    bodyTimeoutMs: client.bodyTimeoutMs,
    keepAliveMs: client.keepAliveMs,
    keepAliveRequests: client.keepAliveRequests,
    sendTimeoutMs: SEND_TIMEOUT_MS,
    maxFields: MAX_FIELDS,
    dropUnderscores: !headers.enableUnderscoresInHeaders,
    keepInvalidNames: !headers.ignoreInvalidHeaders,
    http2: tls.useHttp2,
    maxConcurrentStreams: tls.http2MaxConcurrentStreams,
    upstreamIdle: upstreamKeepAlive,
  };
}
