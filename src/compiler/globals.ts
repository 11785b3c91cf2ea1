/**
 * ConfigMap and flags -> {@link Globals}.
 *
 * @see https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/
 * @module
 */
import { WIRE_FIELDS } from "../http/mod.ts";
import type { ConfigMap, ObjectKey, StoreView } from "../kube/mod.ts";
import { objectKey } from "../kube/mod.ts";
import { parseCidr } from "../net/mod.ts";
import { compilePattern, findAbsence, parseTemplate, variable, variablesOf } from "../nginx/mod.ts";
import { compareText } from "../snapshot/order.ts";
import { DEFAULT_LOG_FORMAT, ERROR_LOG_LEVELS, type Globals } from "../snapshot/snapshot.ts";
import { parseByteSize, parseInteger } from "../unit/mod.ts";
import type { CompilerOptions } from "./contract.ts";
import type { ConfigReader } from "./settings.ts";

/** A slip of the pen must not start thousands of processes. */
const MAX_WORKERS = 256;
const FIELD_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/;
const REDIRECT_CODES: readonly number[] = [301, 302, 307, 308];

/** Paths that the images of ingress-nginx link to standard output. */
const STDOUT: readonly string[] = ["/var/log/nginx/access.log", "/dev/stdout", "stdout"];

/** Where the reading of a further ConfigMap is noted, so that its changes count. */
export type NoteRead = (key: ObjectKey) => void;

/** All of the globals, defaults filled in. */
export function compileGlobals(
  reader: ConfigReader,
  options: Pick<CompilerOptions, "httpPort" | "httpsPort">,
  view: StoreView,
  noteRead: NoteRead,
): Globals {
  return {
    ports: { http: options.httpPort, https: options.httpsPort },
    realIp: {
      useForwardedHeaders: reader.boolean("use-forwarded-headers", false),
      enableRealIp: reader.boolean("enable-real-ip", false),
      computeFullForwardedFor: reader.boolean("compute-full-forwarded-for", false),
      forwardedForHeader: reader.read("forwarded-for-header", "x-forwarded-for", "the name of a field", parseFieldName),
      forwardedHostHeader: reader.read(
        "forwarded-host-header",
        "x-forwarded-host",
        "the name of a field",
        parseFieldName,
      ),
      trustedCidrs: reader.list(
        "proxy-real-ip-cidr",
        ["0.0.0.0/0"],
        "an address or CIDR block",
        (item) => parseCidr(item) !== undefined,
      ),
    },
    headers: {
      generateRequestId: reader.boolean("generate-request-id", true),
      proxyAddOriginalUriHeader: reader.boolean("proxy-add-original-uri-header", false),
      enableUnderscoresInHeaders: reader.boolean("enable-underscores-in-headers", false),
      ignoreInvalidHeaders: reader.boolean("ignore-invalid-headers", true),
      hideHeaders: reader.list("hide-headers", [], "the name of a field", (item) => FIELD_NAME.test(item))
        .map((name) => name.toLowerCase()),
      allowBackendServerHeader: reader.boolean("allow-backend-server-header", false),
      serverTokens: reader.boolean("server-tokens", false),
      proxySetHeaders: readFields("proxy-set-headers", reader, view, noteRead),
      addHeaders: readFields("add-headers", reader, view, noteRead),
    },
    redirect: {
      code: reader.read("http-redirect-code", 308, `one of ${REDIRECT_CODES.join(", ")}`, (text) => {
        const code = parseInteger(text);
        return REDIRECT_CODES.find((known) => known === code);
      }),
      usePortInRedirects: reader.boolean("use-port-in-redirects", false),
      noTlsRedirectLocations: reader.list("no-tls-redirect-locations", ["/.well-known/acme-challenge"]),
    },
    hsts: {
      enabled: reader.boolean("hsts", true),
      maxAgeSeconds: reader.integer("hsts-max-age", 31536000, 0, Number.MAX_SAFE_INTEGER),
      includeSubdomains: reader.boolean("hsts-include-subdomains", true),
      preload: reader.boolean("hsts-preload", false),
    },
    tls: {
      rejectHandshake: reader.boolean("ssl-reject-handshake", false),
      useHttp2: reader.boolean("use-http2", true),
      http2MaxConcurrentStreams: reader.integer("http2-max-concurrent-streams", 128, 1, 65535),
    },
    client: {
      headerTimeoutMs: reader.seconds("client-header-timeout", 60_000),
      bodyTimeoutMs: reader.seconds("client-body-timeout", 60_000),
      keepAliveMs: reader.seconds("keep-alive", 75_000),
      keepAliveRequests: reader.integer("keep-alive-requests", 1000),
      headerBufferBytes: reader.size("client-header-buffer-size", 1024),
      largeHeaderBuffers: reader.read(
        "large-client-header-buffers",
        { count: 4, bytes: 8192 },
        "a count and a size such as 4 8k",
        parseBuffers,
      ),
    },
    upstreamKeepAlive: {
      connections: reader.integer("upstream-keepalive-connections", 320),
      timeoutMs: reader.seconds("upstream-keepalive-timeout", 60_000),
      requests: reader.integer("upstream-keepalive-requests", 10_000),
      lifetimeMs: reader.duration("upstream-keepalive-time", 3_600_000),
    },
    accessLog: readAccessLog(reader),
    workerProcesses: reader.read<number | "auto">(
      "worker-processes",
      "auto",
      `auto or a whole number from 1 to ${MAX_WORKERS}`,
      (text) => text === "auto" ? text : parseInteger(text, 1, MAX_WORKERS),
    ),
    workerShutdownTimeoutMs: reader.duration("worker-shutdown-timeout", 240_000),
    errorLogLevel: reader.oneOf("error-log-level", "notice", ERROR_LOG_LEVELS),
  };
}

function parseFieldName(text: string): string | undefined {
  return FIELD_NAME.test(text) ? text.toLowerCase() : undefined;
}

function parseBuffers(text: string): { count: number; bytes: number } | undefined {
  const [countText, sizeText, ...more] = text.split(/\s+/);
  if (countText === undefined || sizeText === undefined || more.length > 0) return undefined;
  const count = parseInteger(countText, 1, 1024);
  const bytes = parseByteSize(sizeText);
  // what a client may make the proxy hold per connection
  if (count === undefined || bytes === undefined || bytes < 256 || count * bytes > 64 * 1024 * 1024) return undefined;
  return { count, bytes };
}

function readAccessLog(reader: ConfigReader): Globals["accessLog"] {
  const general = reader.text("access-log-path", STDOUT[0]!);
  const path = reader.text("http-access-log-path", general);
  // asked for both, so that neither is told to be unknown
  const all = reader.boolean("disable-access-log", false);
  const http = reader.boolean("disable-http-access-log", false);
  const json = reader.boolean("log-format-escape-json", false);
  const none = reader.boolean("log-format-escape-none", false);
  return {
    enabled: !all && !http,
    path: STDOUT.includes(path) ? "stdout" : path,
    format: readLogFormat(reader),
    escape: none ? "none" : json ? "json" : "default",
    ofDefaultBackend: reader.boolean("enable-access-log-for-default-backend", false),
    skipUrls: reader.list("skip-access-log-urls", [], "a URI, or ~ and a regular expression", isUrlPattern),
  };
}

function readLogFormat(reader: ConfigReader): string {
  const key = "log-format-upstream";
  const format = reader.read(key, DEFAULT_LOG_FORMAT, "text and variables such as $status", parseLogFormat);
  reportAbsent(reader, key, `read ${key}`, format, "one that is not found");
  for (const name of new Set(variablesOf(parseTemplate(format)))) {
    if (variable(name) !== undefined) continue;
    reader.report(key, {
      reason: "UnknownVariable",
      severity: "info",
      message: `read ${key}: unknown variable "$${name}"`,
      effect: "it stands for nothing unless a snippet sets it",
    });
  }
  return format;
}

/** Tells of variables that are always empty. `action`: what was done when they were met. */
function reportAbsent(reader: ConfigReader, key: string, action: string, text: string, standsFor: string): void {
  for (const name of new Set(variablesOf(parseTemplate(text)))) {
    const absence = findAbsence(name);
    if (absence === undefined) continue;
    reader.report(key, {
      reason: "VariableWithoutValue",
      severity: "info",
      message: `${action}: variable "$${name}" has no value here: ${absence.reason}`,
      effect: `it stands for ${standsFor}`,
    });
  }
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

/** What is wrong with the variables of a value. */
function variablesProblem(
  text: string,
): { readonly message: string; readonly effect: string; readonly unreadable: boolean } | undefined {
  if (parseLogFormat(text) === undefined) {
    return { message: "want a name or a digit after each $", effect: "it is left out", unreadable: true };
  }
  const unknown = variablesOf(parseTemplate(text)).find((name) => variable(name) === undefined);
  if (unknown === undefined) return undefined;
  const effect = "it stands for nothing unless a snippet sets it";
  return { message: `unknown variable "$${unknown}"`, effect, unreadable: false };
}

/** The fields of another ConfigMap, in order of name. */
function readFields(
  key: "proxy-set-headers" | "add-headers",
  reader: ConfigReader,
  view: StoreView,
  noteRead: NoteRead,
): readonly (readonly [string, string])[] {
  const reference = reader.text(key, "");
  if (reference === "") return [];
  const [namespace, name, ...more] = reference.split("/");
  const problem = (message: string, effect: string): void => {
    reader.report(key, { reason: "InvalidConfigValue", severity: "warning", message, effect });
  };
  if (!namespace || !name || more.length > 0) {
    problem(`read ${key} "${reference}": want namespace/name of a ConfigMap`, "no fields are added");
    return [];
  }
  noteRead(objectKey("ConfigMap", namespace, name));
  const source: ConfigMap | undefined = view.configMap(namespace, name);
  if (source === undefined) {
    problem(`read ConfigMap "${reference}" of ${key}: there is none`, "no fields are added");
    return [];
  }
  const fields: [string, string][] = [];
  for (const [field, value] of [...source.data].sort(([a], [b]) => compareText(a, b))) {
    // a line end in a value would forge further fields
    if (WIRE_FIELDS.has(field.toLowerCase())) {
      problem(`read field "${field}" of ConfigMap "${reference}": it is set by the proxy itself`, "it is left out");
    } else if (FIELD_NAME.test(field) && !/[\r\n\0]/.test(value)) {
      const wrong = variablesProblem(value);
      if (wrong?.unreadable !== true) {
        fields.push([field, value]);
        reportAbsent(reader, key, `read field "${field}" of ConfigMap "${reference}"`, value, "the empty text");
      }
      if (wrong !== undefined) {
        problem(`read field "${field}" of ConfigMap "${reference}": ${wrong.message}`, wrong.effect);
      }
    } else {problem(
        `read field "${field}" of ConfigMap "${reference}": want a field name and one line`,
        "it is left out",
      );}
  }
  return fields;
}
