/**
 * Every key of the ConfigMap: how its value is read, and its default. Defaults stand here and nowhere else.
 *
 * @see https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/
 * @module
 */
import { parseCidr } from "../net/mod.ts";
import { compilePattern, parseTemplate } from "../nginx/mod.ts";
import { parseBoolean, parseByteSize, parseDuration, parseInteger } from "../unit/mod.ts";
import type { Risk } from "./risk.ts";

/** A key with one value. */
export interface ValueKey<T> {
  readonly kind: "value";
  /** Default as the ConfigMap spells it; empty: there is nothing to spell. */
  readonly text: string;
  readonly default: T;
  /** Completes "want ...". */
  readonly wanted: string;
  /** `undefined`: the text cannot be read. */
  parse(text: string): T | undefined;
  /** What an unreadable value counts as, when that is not the default. */
  readonly invalid?: { readonly value: T; readonly effect: string };
}

/** A key with items between commas. */
export interface ListKey {
  readonly kind: "list";
  readonly text: string;
  readonly default: readonly string[];
  readonly wanted: string;
  /** False: the item is left out. */
  accept(item: string): boolean;
}

/** Names of fields that the ConfigMap may give. */
export const FIELD_NAME: RegExp = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/;

/** Default of log-format-upstream, the format of ingress-nginx. */
export const DEFAULT_LOG_FORMAT: string =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ' +
  "$request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr " +
  "$upstream_response_length $upstream_response_time $upstream_status $req_id";

/** Values of error-log-level, the least important first. */
export const ERROR_LOG_LEVELS = ["debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"] as const;

/** One of {@link ERROR_LOG_LEVELS}. */
export type ErrorLogLevel = (typeof ERROR_LOG_LEVELS)[number];

/** Risks of annotations, the lowest first. */
export const RISKS: readonly Risk[] = ["Low", "Medium", "High", "Critical"];

/** TLS versions that ssl-protocols can offer. */
export const TLS_PROTOCOLS: readonly string[] = ["TLSv1.2", "TLSv1.3"];
const OLD_TLS_PROTOCOLS: readonly string[] = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1"];
const CIPHERS = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" +
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:" +
  "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256";

const GZIP_TYPES = "application/atom+xml application/javascript application/x-javascript application/json " +
  "application/rss+xml application/vnd.ms-fontobject application/x-font-ttf application/x-web-app-manifest+json " +
  "application/xhtml+xml application/xml font/opentype image/svg+xml image/x-icon text/css text/javascript " +
  "text/plain text/x-component";
/** brotli-types of ingress-nginx has one type more. */
const BROTLI_TYPES = `application/xml+rss ${GZIP_TYPES}`;

const REDIRECT_CODES: readonly number[] = [301, 302, 307, 308];
/** Upper bound of worker-processes: a typing error must not start thousands of processes. */
const MAX_WORKERS = 256;
const MAX_INTEGER = 2 ** 31 - 1;
/** Bytes of request heads that one connection may hold. */
const MAX_HEAD_BYTES = 64 * 1024 * 1024;

function value<T>(
  text: string,
  wanted: string,
  parse: (text: string) => T | undefined,
  invalid?: { readonly value: T; readonly effect: string },
): ValueKey<T> {
  const parsed = parse(text);
  if (parsed === undefined) throw new RangeError(`read default "${text}" of a ConfigMap key: want ${wanted}`);
  return { kind: "value", text, default: parsed, wanted, parse, ...invalid && { invalid } };
}

const boolean = (text: "true" | "false"): ValueKey<boolean> => value(text, "true or false", parseBoolean);

const integer = (text: string, min: number = 0, max: number = MAX_INTEGER): ValueKey<number> =>
  value(text, `a whole number from ${min} to ${max}`, (each) => parseInteger(each, min, max));

/** Read as milliseconds. */
const seconds = (text: string): ValueKey<number> =>
  value(text, "whole seconds", (each) => {
    const number = parseInteger(each, 0, MAX_INTEGER);
    return number === undefined ? undefined : number * 1000;
  });

/** Read as milliseconds. */
const duration = (text: string): ValueKey<number> => value(text, "a time such as 10s or 1h", parseDuration);

/** Read as bytes. */
const size = (text: string): ValueKey<number> => value(text, "a size such as 8k", parseByteSize);

/** Text that the reader of the key checks further. */
const text = (standard: string): ValueKey<string> => value(standard, "text", (each) => each);

/** Lines, each without the white space around it. */
const lines = (): ValueKey<string> =>
  value("", "text", (each) => each.split("\n").map((line) => line.trim()).join("\n").trim());

const oneOf = <T extends string>(standard: T, values: readonly T[]): ValueKey<T> =>
  value(standard, `one of ${values.join(", ")}`, (each) => values.find((known) => known === each));

const fieldName = (text: string): ValueKey<string> =>
  value(text, "the name of a field", (each) => FIELD_NAME.test(each) ? each.toLowerCase() : undefined);

function list(text: string, wanted: string = "text", accept: (item: string) => boolean = () => true): ListKey {
  return { kind: "list", text, default: text === "" ? [] : text.split(","), wanted, accept };
}

function parseBuffers(text: string): { readonly count: number; readonly bytes: number } | undefined {
  const [countText, sizeText, ...more] = text.split(/\s+/);
  if (countText === undefined || sizeText === undefined || more.length > 0) return undefined;
  const count = parseInteger(countText, 1, 1024);
  const bytes = parseByteSize(sizeText);
  if (count === undefined || bytes === undefined || bytes < 256 || count * bytes > MAX_HEAD_BYTES) return undefined;
  return { count, bytes };
}

function parseLogFormat(text: string): string | undefined {
  try {
    parseTemplate(text);
    return text;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isUrlPattern(text: string): boolean {
  if (!text.startsWith("~")) return true;
  const caseInsensitive = text.startsWith("~*");
  return compilePattern(text.slice(caseInsensitive ? 2 : 1), { caseInsensitive, bytes: true }).ok;
}

/** All versions that the text names, of which {@link TLS_PROTOCOLS} holds at least one. */
function parseProtocols(text: string): readonly string[] | undefined {
  const names = text.split(/[\s,]+/);
  const known = names.every((name) => TLS_PROTOCOLS.includes(name) || OLD_TLS_PROTOCOLS.includes(name));
  return known && names.some((name) => TLS_PROTOCOLS.includes(name)) ? names : undefined;
}

/** Keys that are honoured. */
export const CONFIG_KEYS = {
  "access-log-path": text("/var/log/nginx/access.log"),
  "add-headers": text(""),
  "allow-backend-server-header": boolean("false"),
  "allow-cross-namespace-resources": boolean("false"),
  "allow-snippet-annotations": boolean("false"),
  "annotation-value-word-blocklist": list(""),
  "annotations-risk-level": value<Risk>(
    "High",
    `one of ${RISKS.join(", ")}`,
    (each) => RISKS.find((risk) => risk === each),
    // a misspelt risk must not open what the author wants closed
    { value: "Low", effect: "annotations of risk Low only are accepted" },
  ),
  "block-cidrs": text(""),
  "block-referers": text(""),
  "block-user-agents": text(""),
  "brotli-level": integer("4", 0, 11),
  "brotli-min-length": integer("20"),
  "brotli-types": text(BROTLI_TYPES),
  "client-body-buffer-size": size("8k"),
  "client-body-timeout": seconds("60"),
  "client-header-buffer-size": size("1k"),
  "client-header-timeout": seconds("60"),
  "compute-full-forwarded-for": boolean("false"),
  "denylist-source-range": text(""),
  "disable-access-log": boolean("false"),
  "disable-http-access-log": boolean("false"),
  "enable-access-log-for-default-backend": boolean("false"),
  "enable-brotli": boolean("false"),
  "enable-real-ip": boolean("false"),
  "enable-underscores-in-headers": boolean("false"),
  "error-log-level": oneOf("notice", ERROR_LOG_LEVELS),
  "force-ssl-redirect": boolean("false"),
  "forwarded-for-header": fieldName("X-Forwarded-For"),
  "forwarded-host-header": fieldName("X-Forwarded-Host"),
  "generate-request-id": boolean("true"),
  "global-allowed-response-headers": text(""),
  "gzip-disable": text(""),
  "gzip-level": integer("1", 1, 9),
  "gzip-min-length": integer("256"),
  "gzip-types": text(GZIP_TYPES),
  "hide-headers": list("", "the name of a field", (item) => FIELD_NAME.test(item)),
  "hsts": boolean("true"),
  "hsts-include-subdomains": boolean("true"),
  "hsts-max-age": integer("31536000", 0, Number.MAX_SAFE_INTEGER),
  "hsts-preload": boolean("false"),
  "http-access-log-path": text(""),
  "http-redirect-code": value("308", `one of ${REDIRECT_CODES.join(", ")}`, (each) => {
    const code = parseInteger(each);
    return REDIRECT_CODES.find((known) => known === code);
  }),
  "http2-max-concurrent-streams": integer("128", 1, 65535),
  "ignore-invalid-headers": boolean("true"),
  "keep-alive": seconds("75"),
  "keep-alive-requests": integer("1000"),
  "large-client-header-buffers": value("4 8k", "a count and a size such as 4 8k", parseBuffers),
  "load-balance": oneOf<"round_robin" | "ewma">("round_robin", ["round_robin", "ewma"]),
  "location-snippet": lines(),
  "log-format-escape-json": boolean("false"),
  "log-format-escape-none": boolean("false"),
  "log-format-upstream": value(DEFAULT_LOG_FORMAT, "text and variables such as $status", parseLogFormat),
  "no-tls-redirect-locations": list("/.well-known/acme-challenge"),
  "preserve-trailing-slash": boolean("false"),
  "proxy-add-original-uri-header": boolean("false"),
  "proxy-body-size": size("1m"),
  "proxy-buffer-size": size("4k"),
  "proxy-buffering": oneOf<"on" | "off">("off", ["on", "off"]),
  "proxy-buffers-number": integer("4", 1),
  "proxy-connect-timeout": integer("5", 1),
  "proxy-cookie-domain": text("off"),
  "proxy-cookie-path": text("off"),
  "proxy-http-version": oneOf<"1.0" | "1.1">("1.1", ["1.0", "1.1"]),
  "proxy-max-temp-file-size": size("1024m"),
  "proxy-next-upstream": text("error timeout"),
  "proxy-next-upstream-timeout": integer("0"),
  "proxy-next-upstream-tries": integer("3"),
  "proxy-read-timeout": integer("60", 1),
  "proxy-real-ip-cidr": list(
    "0.0.0.0/0",
    "an address or CIDR block",
    (item) => parseCidr(item) !== undefined,
  ),
  "proxy-redirect-from": text("off"),
  "proxy-redirect-to": text("off"),
  "proxy-request-buffering": oneOf<"on" | "off">("on", ["on", "off"]),
  "proxy-send-timeout": integer("60", 1),
  "proxy-set-headers": text(""),
  "relative-redirects": boolean("false"),
  "retry-non-idempotent": boolean("false"),
  "server-snippet": lines(),
  "server-tokens": boolean("false"),
  "service-upstream": boolean("false"),
  "skip-access-log-urls": list("", "a URI, or ~ and a regular expression", isUrlPattern),
  "ssl-ciphers": value(
    CIPHERS,
    "OpenSSL names of ciphers, joined by colons",
    (each) => /^[A-Za-z0-9_:+!@=.-]{1,4096}$/.test(each) ? each : undefined,
  ),
  "ssl-protocols": value("TLSv1.2 TLSv1.3", "TLSv1.2, TLSv1.3 or both", parseProtocols),
  "ssl-redirect": boolean("true"),
  "ssl-reject-handshake": boolean("false"),
  "ssl-session-cache": boolean("true"),
  "ssl-session-tickets": boolean("false"),
  "ssl-session-timeout": duration("10m"),
  "upstream-keepalive-connections": integer("320"),
  "upstream-keepalive-requests": integer("10000"),
  "upstream-keepalive-time": duration("1h"),
  "upstream-keepalive-timeout": seconds("60"),
  "use-forwarded-headers": boolean("false"),
  "use-gzip": boolean("false"),
  "use-http2": boolean("true"),
  "use-port-in-redirects": boolean("false"),
  "use-proxy-protocol": boolean("false"),
  "whitelist-source-range": text(""),
  "worker-processes": value<number | "auto">(
    "auto",
    `auto or a whole number from 1 to ${MAX_WORKERS}`,
    (each) => each === "auto" ? each : parseInteger(each, 1, MAX_WORKERS),
  ),
  "worker-shutdown-timeout": duration("240s"),
} satisfies Readonly<Record<string, ValueKey<unknown> | ListKey>>;

/** Name of a key that is honoured. */
export type ConfigKey = keyof typeof CONFIG_KEYS;

/** What the value of a key is read as. */
export type ConfigValue<K extends ConfigKey> = (typeof CONFIG_KEYS)[K]["default"];

/** Keys whose values are read as `T`. */
export type ConfigKeyOf<T> = { readonly [K in ConfigKey]: ConfigValue<K> extends T ? K : never }[ConfigKey];

/** A key that is known and not honoured. */
export interface UnhonouredKey {
  /** As the ConfigMap spells it; this value asks for nothing. */
  readonly text: string;
  /**
   * `guard`: it keeps requests out, so all requests are answered 503. `tuning`: it tunes the machinery of nginx, which does
   * not exist here. `cluster`: it concerns parts of an installation that do not serve. `feature`: all others.
   */
  readonly concerns: "guard" | "tuning" | "cluster" | "feature";
}

const guard = (text: string): UnhonouredKey => ({ text, concerns: "guard" });
const tuning = (text: string): UnhonouredKey => ({ text, concerns: "tuning" });
const cluster = (text: string): UnhonouredKey => ({ text, concerns: "cluster" });
const feature = (text: string): UnhonouredKey => ({ text, concerns: "feature" });

/** Keys of ingress-nginx that are not honoured. */
export const UNHONOURED_KEYS: Readonly<Record<string, UnhonouredKey>> = {
  "access-log-params": feature(""),
  "bind-address": feature(""),
  "custom-http-errors": feature(""),
  "debug-connections": tuning(""),
  "default-type": feature("text/html"),
  "disable-ipv6": feature("false"),
  "disable-ipv6-dns": feature(""),
  "disable-proxy-intercept-errors": feature("false"),
  "disable-stream-access-log": feature("false"),
  "enable-aio-write": tuning("true"),
  "enable-auth-access-log": feature("false"),
  "enable-modsecurity": guard("false"),
  "enable-multi-accept": tuning("true"),
  "enable-ocsp": feature("false"),
  "enable-opentelemetry": feature("false"),
  "enable-owasp-modsecurity-crs": guard("false"),
  "enable-serial-reloads": tuning("false"),
  "enable-syslog": feature("false"),
  "error-log-path": tuning("/var/log/nginx/error.log"),
  "forwarded-for-proxy-protocol-header": feature("X-Forwarded-For-Proxy-Protocol"),
  "geoip2-autoreload-in-minutes": feature("0"),
  "global-auth-always-set-cookie": feature("false"),
  "global-auth-cache-duration": feature("200 202 401 5m"),
  "global-auth-cache-key": feature(""),
  "global-auth-method": feature(""),
  "global-auth-request-redirect": feature(""),
  "global-auth-response-headers": feature(""),
  "global-auth-signin": feature(""),
  "global-auth-signin-redirect-param": feature("rd"),
  "global-auth-snippet": feature(""),
  "global-auth-url": guard(""),
  "grpc-buffer-size-kb": feature("0"),
  "http-snippet": feature(""),
  "http2-max-field-size": tuning(""),
  "http2-max-header-size": tuning(""),
  "http2-max-requests": tuning("0"),
  "limit-conn-status-code": feature("503"),
  "limit-conn-zone-variable": feature("$binary_remote_addr"),
  "limit-rate": feature("0"),
  "limit-rate-after": feature("0"),
  "limit-req-status-code": feature("503"),
  "log-format-stream": feature(
    "[$remote_addr] [$time_local] $protocol $status $bytes_sent $bytes_received $session_time",
  ),
  "lua-shared-dicts": tuning(""),
  "main-snippet": feature(""),
  "map-hash-bucket-size": tuning("64"),
  "max-worker-connections": tuning("16384"),
  "max-worker-open-files": tuning("0"),
  "modsecurity-snippet": feature(""),
  "nginx-status-ipv4-whitelist": feature("127.0.0.1"),
  "nginx-status-ipv6-whitelist": feature("::1"),
  "no-auth-locations": feature("/.well-known/acme-challenge"),
  "opentelemetry-config": feature("/etc/ingress-controller/telemetry/opentelemetry.toml"),
  "opentelemetry-operation-name": feature(""),
  "opentelemetry-trust-incoming-span": feature("true"),
  "otel-max-export-batch-size": feature("512"),
  "otel-max-queuesize": feature("2048"),
  "otel-sampler": feature("AlwaysOn"),
  "otel-sampler-parent-based": feature("true"),
  "otel-sampler-ratio": feature("0.01"),
  "otel-schedule-delay-millis": feature("5000"),
  "otel-service-name": feature("nginx"),
  "otlp-collector-host": feature(""),
  "otlp-collector-port": feature("4317"),
  "proxy-busy-buffers-size": tuning(""),
  "proxy-headers-hash-bucket-size": tuning("64"),
  "proxy-headers-hash-max-size": tuning("512"),
  "proxy-protocol-header-timeout": feature("5s"),
  "proxy-ssl-location-only": feature("false"),
  "proxy-stream-next-upstream": feature("true"),
  "proxy-stream-next-upstream-timeout": feature("600s"),
  "proxy-stream-next-upstream-tries": feature("3"),
  "proxy-stream-responses": feature("1"),
  "proxy-stream-timeout": feature("600s"),
  "reuse-port": tuning("true"),
  "server-name-hash-bucket-size": tuning(""),
  "server-name-hash-max-size": tuning("1024"),
  "ssl-buffer-size": tuning("4k"),
  "ssl-dh-param": feature(""),
  "ssl-early-data": feature("false"),
  "ssl-ecdh-curve": feature("auto"),
  "ssl-session-cache-size": tuning("10m"),
  "ssl-session-ticket-key": feature(""),
  "stream-access-log-path": feature(""),
  "stream-snippet": feature(""),
  "strict-validate-path-type": cluster("true"),
  "syslog-host": feature(""),
  "syslog-port": feature("514"),
  "use-geoip2": feature("false"),
  "variables-hash-bucket-size": tuning("256"),
  "variables-hash-max-size": tuning("2048"),
  "worker-cpu-affinity": tuning(""),
};
