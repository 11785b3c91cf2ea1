/**
 * Compiles the forward settings of a location from its policies and the globals.
 *
 * @module
 */
import type { Location } from "../../snapshot/snapshot.ts";
import type { ForwardSettings, UpstreamTls } from "../contract.ts";
import type { TableContext } from "./table-context.ts";

/** Defaults for snapshots whose locations lack the policies; tests and embedders make such snapshots. */
const DEFAULTS = {
  connectTimeoutMs: 5_000,
  sendTimeoutMs: 60_000,
  readTimeoutMs: 60_000,
  maxBodyBytes: 1024 * 1024,
  retry: {
    error: true,
    timeout: true,
    invalidHeader: false,
    statuses: [],
    nonIdempotent: false,
    tries: 3,
    timeoutMs: 0,
  },
  httpVersion: "1.1",
  requestBuffering: true,
  bodyBufferBytes: 8 * 1024,
  maxResponseHeadBytes: 4 * 1024,
} as const;

/** TLS to endpoints as nginx's default: certificates are not verified, and no server name is sent. */
const UNVERIFIED_TLS: UpstreamTls = {
  key: "unverified",
  serverName: null,
  caPem: null,
  clientCertificatePem: null,
  clientPrivateKeyPem: null,
};

/** Settings of one location, for both kinds of upstream. */
export interface SchemeSettings {
  readonly http: ForwardSettings;
  readonly https: ForwardSettings;
  /** For a default backend, which always gets plain HTTP. */
  readonly plain: ForwardSettings;
}

/** Compiles the settings of one location; equal settings share one object. */
export function compileForwardSettings(location: Location, tables: TableContext): SchemeSettings {
  const protocol = location.policies["backend-protocol"]?.tls;
  const plain = compile(location, tables, null);
  if (protocol === undefined) return { http: plain, https: plain, plain };
  const secure = compile(location, tables, UNVERIFIED_TLS);
  return { http: protocol === "always" ? secure : plain, https: secure, plain };
}

function compile(location: Location, tables: TableContext, tls: UpstreamTls | null): ForwardSettings {
  const { policies } = location;
  const timeouts = policies["proxy-timeouts"];
  const requests = policies["proxy-request-buffering"];
  const version = policies["proxy-http-version"];
  const responses = policies["proxy-buffering"];
  const own = {
    connectTimeoutMs: timeouts?.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    sendTimeoutMs: timeouts?.sendTimeoutMs ?? DEFAULTS.sendTimeoutMs,
    readTimeoutMs: timeouts?.readTimeoutMs ?? DEFAULTS.readTimeoutMs,
    maxBodyBytes: policies["proxy-body-size"]?.maxBodyBytes ?? DEFAULTS.maxBodyBytes,
    retry: policies["proxy-next-upstream"] ?? DEFAULTS.retry,
    httpVersion: version?.version ?? DEFAULTS.httpVersion,
    requestBuffering: requests?.enabled ?? DEFAULTS.requestBuffering,
    bodyBufferBytes: requests?.bodyBufferBytes ?? DEFAULTS.bodyBufferBytes,
    maxResponseHeadBytes: responses?.bufferBytes ?? DEFAULTS.maxResponseHeadBytes,
    responseBuffering: responses === undefined ? null : {
      enabled: responses.enabled,
      memoryBytes: responses.buffers * responses.bufferBytes,
      fileBytes: responses.maxTempFileBytes,
    },
    ...(version === undefined || version.connectionField === "" ? {} : { connectionField: version.connectionField }),
  };
  const key = `${tls?.key ?? ""} ${JSON.stringify(own)}`;
  let settings = tables.settings.get(key);
  if (settings === undefined) {
    settings = { ...own, tls, hideFields: tables.hideFields, dropFields: tables.requestFields.drop };
    tables.settings.set(key, settings);
  }
  return settings;
}
