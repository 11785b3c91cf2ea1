/**
 * Makes the log lines of failed requests: client, upstream, endpoint, cause.
 *
 * @module
 */
import type { FailureLog, RequestFailure } from "../../observe/mod.ts";
import type { ProxyError } from "../../proxy-error.ts";
import { ERROR_LOG_LEVELS, type ErrorLogLevel } from "../../policy/mod.ts";
import type { ServerExchange } from "../contract.ts";
import type { Tables } from "./tables.ts";

/** Longest part of a path in a line, characters. */
const PATH_CHARS = 256;

/** Writes to a {@link FailureLog} what error-log-level allows. */
export class FailureReport {
  readonly #log: FailureLog;
  readonly #tables: Tables;

  constructor(log: FailureLog, tables: Tables) {
    this.#log = log;
    this.#tables = tables;
  }

  /** Reports a failed request, which is answered with `status`. */
  failed(exchange: ServerExchange, status: number, code: string, cause: string): void {
    this.#tell(exchange, "error", "a request failed", status, code, cause);
  }

  /** Reports a failed attempt; the exchange goes on, or its response is cut. */
  attemptFailed(exchange: ServerExchange, error: ProxyError): void {
    if (error.retry === "yes") {
      const message = "an attempt failed, the next endpoint is tried";
      this.#tell(exchange, "warning", message, error.status, error.code, error.message);
    } else this.#tell(exchange, "error", "a response was cut", exchange.status, error.code, error.message);
  }

  #tell(
    exchange: ServerExchange,
    level: RequestFailure["level"],
    message: string,
    status: number,
    code: string,
    cause: string,
  ): void {
    const limit = this.#tables.context?.globals.errorLogLevel ?? "notice";
    if (rank(limit) > rank(level === "error" ? "error" : "warn")) return;
    const { attempts, location, host } = exchange;
    const endpoint = attempts.at(-1)?.address ?? "";
    const upstream = location?.alternativeUpstreamName || (location?.upstreamName ?? "");
    this.#log.report(level, code, endpoint || upstream || host, () => ({
      level,
      message,
      status,
      code,
      upstream,
      endpoint,
      cause,
      host,
      path: pathOf(exchange.target),
      ingress: location === null || location.ingressName === "" ? "" : `${location.namespace}/${location.ingressName}`,
    }));
  }
}

function rank(level: ErrorLogLevel): number {
  return ERROR_LOG_LEVELS.indexOf(level);
}

/** Path of a target without the query, which may contain secrets. */
function pathOf(target: string): string {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  return path.length <= PATH_CHARS ? path : `${path.slice(0, PATH_CHARS)}...`;
}
