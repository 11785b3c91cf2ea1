/**
 * Compiles the ConfigMap and the flags to {@link Globals}.
 *
 * @see https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/
 * @module
 */
import { WIRE_FIELDS } from "../http/mod.ts";
import { type ConfigMap, type ObjectKey, objectKey, type StoreView } from "../kube/mod.ts";
import { findAbsence, parseTemplate, variable, variablesOf } from "../nginx/mod.ts";
import { type ConfigKey, type ConfigReader, FIELD_NAME } from "../policy/mod.ts";
import { compareText } from "../snapshot/mod.ts";
import type { Globals } from "../snapshot/snapshot.ts";
import type { CompilerOptions } from "./contract.ts";

/** Paths that the images of ingress-nginx link to standard output. */
const STDOUT: readonly string[] = ["/var/log/nginx/access.log", "/dev/stdout", "stdout"];

/** Called with each further ConfigMap that is read: when it changes, the globals are compiled again. */
export type NoteRead = (key: ObjectKey) => void;

/** Globals of the snapshot, defaults filled in. */
export function compileGlobals(
  reader: ConfigReader,
  options: Pick<CompilerOptions, "httpPort" | "httpsPort">,
  view: StoreView,
  noteRead: NoteRead,
): Globals {
  return {
    ports: { http: options.httpPort, https: options.httpsPort },
    realIp: {
      useForwardedHeaders: reader.get("use-forwarded-headers"),
      enableRealIp: reader.get("enable-real-ip"),
      computeFullForwardedFor: reader.get("compute-full-forwarded-for"),
      forwardedForHeader: reader.get("forwarded-for-header"),
      forwardedHostHeader: reader.get("forwarded-host-header"),
      trustedCidrs: reader.get("proxy-real-ip-cidr"),
    },
    headers: {
      generateRequestId: reader.get("generate-request-id"),
      proxyAddOriginalUriHeader: reader.get("proxy-add-original-uri-header"),
      enableUnderscoresInHeaders: reader.get("enable-underscores-in-headers"),
      ignoreInvalidHeaders: reader.get("ignore-invalid-headers"),
      hideHeaders: reader.get("hide-headers").map((name) => name.toLowerCase()),
      allowBackendServerHeader: reader.get("allow-backend-server-header"),
      serverTokens: reader.get("server-tokens"),
      proxySetHeaders: readFields("proxy-set-headers", reader, view, noteRead),
      addHeaders: readFields("add-headers", reader, view, noteRead),
    },
    redirect: {
      code: reader.get("http-redirect-code"),
      usePortInRedirects: reader.get("use-port-in-redirects"),
      noTlsRedirectLocations: reader.get("no-tls-redirect-locations"),
    },
    hsts: {
      enabled: reader.get("hsts"),
      maxAgeSeconds: reader.get("hsts-max-age"),
      includeSubdomains: reader.get("hsts-include-subdomains"),
      preload: reader.get("hsts-preload"),
    },
    tls: {
      rejectHandshake: reader.get("ssl-reject-handshake"),
      useHttp2: reader.get("use-http2"),
      http2MaxConcurrentStreams: reader.get("http2-max-concurrent-streams"),
    },
    client: {
      headerTimeoutMs: reader.get("client-header-timeout"),
      bodyTimeoutMs: reader.get("client-body-timeout"),
      keepAliveMs: reader.get("keep-alive"),
      keepAliveRequests: reader.get("keep-alive-requests"),
      headerBufferBytes: reader.get("client-header-buffer-size"),
      largeHeaderBuffers: reader.get("large-client-header-buffers"),
    },
    upstreamKeepAlive: {
      connections: reader.get("upstream-keepalive-connections"),
      timeoutMs: reader.get("upstream-keepalive-timeout"),
      requests: reader.get("upstream-keepalive-requests"),
      lifetimeMs: reader.get("upstream-keepalive-time"),
    },
    accessLog: readAccessLog(reader),
    workerProcesses: reader.get("worker-processes"),
    workerShutdownTimeoutMs: reader.get("worker-shutdown-timeout"),
    errorLogLevel: reader.get("error-log-level"),
  };
}

function readAccessLog(reader: ConfigReader): Globals["accessLog"] {
  const path = reader.get("http-access-log-path") || reader.get("access-log-path");
  const json = reader.get("log-format-escape-json");
  return {
    enabled: !reader.get("disable-access-log") && !reader.get("disable-http-access-log"),
    path: STDOUT.includes(path) ? "stdout" : path,
    format: readLogFormat(reader),
    escape: reader.get("log-format-escape-none") ? "none" : json ? "json" : "default",
    ofDefaultBackend: reader.get("enable-access-log-for-default-backend"),
    skipUrls: reader.get("skip-access-log-urls"),
  };
}

function readLogFormat(reader: ConfigReader): string {
  const key = "log-format-upstream";
  const format = reader.get(key);
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

/** Reports variables that are always empty. `action` begins the message. */
function reportAbsent(reader: ConfigReader, key: ConfigKey, action: string, text: string, standsFor: string): void {
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

function isTemplate(text: string): boolean {
  try {
    parseTemplate(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Finds problems with the variables of a value. */
function variablesProblem(
  text: string,
): { readonly message: string; readonly effect: string; readonly unreadable: boolean } | undefined {
  if (!isTemplate(text)) {
    return { message: "want a name or a digit after each $", effect: "it is left out", unreadable: true };
  }
  const unknown = variablesOf(parseTemplate(text)).find((name) => variable(name) === undefined);
  if (unknown === undefined) return undefined;
  const effect = "it stands for nothing unless a snippet sets it";
  return { message: `unknown variable "$${unknown}"`, effect, unreadable: false };
}

/** Reads the fields of another ConfigMap, in order of name. */
function readFields(
  key: "proxy-set-headers" | "add-headers",
  reader: ConfigReader,
  view: StoreView,
  noteRead: NoteRead,
): readonly (readonly [string, string])[] {
  const reference = reader.get(key);
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
    if (WIRE_FIELDS.has(field.toLowerCase())) {
      problem(`read field "${field}" of ConfigMap "${reference}": it is set by the proxy itself`, "it is left out");
      // a line end in a value would forge further fields
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
