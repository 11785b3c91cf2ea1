/**
 * Compiles the forward settings of a location from its policies and the globals.
 *
 * @module
 */
import { CONFIG_KEYS } from "../../policy/mod.ts";
import type { Location } from "../../snapshot/snapshot.ts";
import type { ForwardSettings, UpstreamTls } from "../contract.ts";
import type { TableContext } from "./table-context.ts";

/** Conditions of proxy-next-upstream by default. */
const CONDITIONS = CONFIG_KEYS["proxy-next-upstream"].default.split(" ");

/** For snapshots whose locations lack policies, which tests and embedding programs make: the defaults of the ConfigMap. */
const DEFAULTS = {
  connectTimeoutMs: CONFIG_KEYS["proxy-connect-timeout"].default * 1000,
  sendTimeoutMs: CONFIG_KEYS["proxy-send-timeout"].default * 1000,
  readTimeoutMs: CONFIG_KEYS["proxy-read-timeout"].default * 1000,
  maxBodyBytes: CONFIG_KEYS["proxy-body-size"].default,
  retry: {
    error: CONDITIONS.includes("error"),
    timeout: CONDITIONS.includes("timeout"),
    invalidHeader: CONDITIONS.includes("invalid_header"),
    statuses: [],
    nonIdempotent: CONFIG_KEYS["retry-non-idempotent"].default,
    tries: CONFIG_KEYS["proxy-next-upstream-tries"].default,
    timeoutMs: CONFIG_KEYS["proxy-next-upstream-timeout"].default * 1000,
  },
  httpVersion: CONFIG_KEYS["proxy-http-version"].default,
  requestBuffering: CONFIG_KEYS["proxy-request-buffering"].default === "on",
  bodyBufferBytes: CONFIG_KEYS["client-body-buffer-size"].default,
  maxResponseHeadBytes: CONFIG_KEYS["proxy-buffer-size"].default,
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
  if (protocol === undefined || protocol === "never") return { http: plain, https: plain, plain };
  const secure = compile(location, tables, UNVERIFIED_TLS);
  return { http: protocol === "always" ? secure : plain, https: secure, plain };
}

function compile(location: Location, tables: TableContext, tls: UpstreamTls | null): ForwardSettings {
  const { policies } = location;
  const timeouts = policies["proxy-timeouts"];
  const requests = policies["proxy-request-buffering"];
  const version = policies["proxy-http-version"];
  const responses = policies["proxy-buffering"];
  const protocol = policies["backend-protocol"];
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
    ...(protocol?.protocol === undefined ? {} : { protocol: protocol.protocol }),
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
