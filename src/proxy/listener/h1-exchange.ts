/**
 * Makes exchanges from HTTP/1 heads, well formed or not.
 *
 * @module
 */
import type { HeadError, RequestHead } from "../../http/mod.ts";
import { ProxyError, type ProxyErrorCode } from "../../proxy-error.ts";
import type { ServerConnection } from "../contract.ts";
import type { Downstream, ExchangePool, WireExchange } from "../exchange/mod.ts";

const ERROR_CODES: Readonly<Record<HeadError["kind"], ProxyErrorCode>> = {
  "malformed": "downstream-malformed",
  "version": "downstream-version",
  "target-too-long": "downstream-target-too-long",
  "fields-too-large": "downstream-fields-too-large",
  "coding": "downstream-coding",
};

/** Makes the exchange of a request head, as far as it could be parsed. */
export function openExchange(
  exchanges: ExchangePool,
  connection: ServerConnection & Downstream,
  head: RequestHead,
): WireExchange {
  const version = head.minorVersion === 0 ? "1.0" : "1.1";
  const scheme = connection.tls === null ? "http" : "https";
  return exchanges.open(connection, connection, head, version, scheme, head.bodyBytes);
}

/** Begins an exchange. */
export function beginExchange(exchange: WireExchange, refusePlain: boolean): void {
  if (refusePlain) {
    const message = "plain HTTP on the HTTPS port";
    exchange.fail(new ProxyError("downstream-plain-http", "downstream", "no", message));
  } else if (exchange.method === "CONNECT") exchange.answer({ status: 405, close: true });
  else exchange.begin();
}

/** Answers bytes that are no request; the connection ends. */
export function refuseExchange(exchange: WireExchange, error: HeadError): void {
  exchange.closeAfter = true;
  exchange.fail(new ProxyError(ERROR_CODES[error.kind], "downstream", "no", error.message));
}
