/**
 * Compiles log-format-upstream to one function. The default format, which is by far the most frequent, is written by
 * hand.
 *
 * @module
 */
import type { Exchange, UpstreamAttempt } from "../../http/mod.ts";
import { logVariable, parseTemplate, variable } from "../../nginx/mod.ts";
import { escapeDefault, escapeJson, type LogEscape } from "../../observe/mod.ts";
import { DEFAULT_LOG_FORMAT } from "../../policy/mod.ts";

/** Formats the line of an ended exchange, with one char a byte and without a line feed. */
export type FormatLine = (exchange: Exchange) => string;

/** Replaces only the characters that would end the line or the text. */
const escapeNone: LogEscape = (value) => value.replace(/[\0\r\n]/g, " ");
const ESCAPES = { default: escapeDefault, json: escapeJson, none: escapeNone } as const;

/** Compiles a format; an empty one is the default. @throws {SyntaxError} a `$` without a name */
export function compileLogFormat(format: string, escaping: keyof typeof ESCAPES): FormatLine {
  if ((format === "" || format === DEFAULT_LOG_FORMAT) && escaping === "default") return defaultLine;
  const template = parseTemplate(format === "" ? DEFAULT_LOG_FORMAT : format);
  if (typeof template === "string") return () => template;
  const dash = escaping === "default";
  const parts = template.map((part): string | ((exchange: Exchange) => string) => {
    if (typeof part === "string") return part;
    if ("capture" in part) return (exchange) => escape(exchange.captures?.[part.capture] ?? "");
    // only the default escape writes a dash for a missing value
    const get = (dash ? logVariable : variable)(part.variable) ?? ofSnippets(part.variable, dash ? "-" : "");
    return (exchange) => escape(get(exchange));
  });
  const escape = ESCAPES[escaping];
  return (exchange) => {
    let line = "";
    for (const part of parts) line += typeof part === "string" ? part : part(exchange);
    return line;
  };
}

/** A variable that is not built in, which snippets may set. */
function ofSnippets(name: string, missing: string): (exchange: Exchange) => string {
  return (exchange) => exchange.variables?.get(name) ?? missing;
}

const timeLocal = logVariable("time_local")!;
const remoteUser = logVariable("remote_user")!;
const PROTOCOLS = { "1.0": "HTTP/1.0", "1.1": "HTTP/1.1", "2.0": "HTTP/2.0" } as const;

function defaultLine(x: Exchange): string {
  const { request, attempts } = x;
  const user = request.has("authorization") ? escapeDefault(remoteUser(x)) : "-";
  const only = attempts.length === 1 ? attempts[0]! : null;
  const upstream = only === null ? listOf(attempts) : attemptText(only);
  return `${x.clientAddress} - ${user} [${timeLocal(x)}] "${x.method} ${escapeDefault(x.target)} ${
    PROTOCOLS[x.version]
  }" ` +
    `${x.status === 0 ? "000" : x.status} ${x.sentBodyBytes} "${escapeDefault(request.get("referer") ?? "-")}" "` +
    `${escapeDefault(request.get("user-agent") ?? "-")}" ${x.requestBytes} ${
      formatSeconds(Date.now() - x.receivedAtMs)
    } [` +
    `${x.location?.upstreamName || "-"}] [${x.location?.alternativeUpstreamName ?? ""}] ${upstream} ${
      escapeDefault(x.requestId)
    }`;
}

function attemptText(attempt: UpstreamAttempt): string {
  return `${attempt.address} ${attempt.responseBytes} ${timeOf(attempt)} ${statusOf(attempt)}`;
}

function listOf(attempts: readonly UpstreamAttempt[]): string {
  if (attempts.length === 0) return "- - - -";
  return [
    attempts.map(({ address }) => address).join(", "),
    attempts.map(({ responseBytes }) => responseBytes).join(", "),
    attempts.map(timeOf).join(", "),
    attempts.map(statusOf).join(", "),
  ].join(" ");
}

function timeOf({ responseMs }: UpstreamAttempt): string {
  return responseMs < 0 ? "-" : formatSeconds(responseMs);
}

function statusOf({ status }: UpstreamAttempt): string {
  return status === 0 ? "-" : String(status);
}

/** Formats three decimals; toFixed takes as long as the rest of a line. */
function formatSeconds(milliseconds: number): string {
  const ms = milliseconds > 0 ? Math.round(milliseconds) : 0;
  const rest = ms % 1000;
  return `${(ms - rest) / 1000}.${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}`;
}
