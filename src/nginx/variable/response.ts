/**
 * The response and the attempts to get it: `$status`, `$bytes_sent`, `$upstream_*`.
 *
 * @module
 */
import type { Exchange, UpstreamAttempt } from "../../http/exchange.ts";
import { formatSeconds, type Getter, type VariableTable } from "./getter.ts";

/** One value per attempt, joined by ", "; `-` for those unknown. */
function perAttempt(format: (attempt: UpstreamAttempt) => string | undefined): Getter {
  return (x: Exchange) => {
    const { attempts } = x;
    if (attempts.length === 0) return undefined;
    if (attempts.length === 1) return format(attempts[0]!) ?? "-";
    return attempts.map((attempt) => format(attempt) ?? "-").join(", ");
  };
}

function seconds(milliseconds: number): string | undefined {
  return milliseconds < 0 ? undefined : formatSeconds(milliseconds);
}

export const response: VariableTable = {
  status: (x) => x.status === 0 ? "000" : String(x.status),
  bytes_sent: (x) => String(x.sentBytes),
  body_bytes_sent: (x) => String(x.sentBodyBytes),
  request_completion: (x) => x.status === 0 || x.status === 499 ? "" : "OK",
  upstream_addr: perAttempt((attempt) => attempt.address),
  upstream_status: perAttempt((attempt) => attempt.status === 0 ? undefined : String(attempt.status)),
  upstream_response_time: perAttempt((attempt) => seconds(attempt.responseMs)),
  upstream_connect_time: perAttempt((attempt) => seconds(attempt.connectMs)),
  upstream_header_time: perAttempt((attempt) => seconds(attempt.headerMs)),
  upstream_response_length: perAttempt((attempt) => String(attempt.responseBytes)),
  upstream_bytes_received: perAttempt((attempt) => String(attempt.responseBytes)),
};
