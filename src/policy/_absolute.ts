/**
 * Location values of redirects made here.
 *
 * @module
 */
import type { Exchange } from "../http/exchange.ts";

/**
 * A Location that begins with `/` becomes an absolute URL of the connection's scheme and the host, as nginx does with
 * absolute_redirect on; others stay. `port`: of redirects (port_in_redirect), `undefined` for none.
 */
export function absoluteLocation(exchange: Exchange, location: string, port?: number): string {
  if (!location.startsWith("/")) return location;
  const { scheme } = exchange;
  const shown = port === undefined || port === (scheme === "https" ? 443 : 80) ? "" : `:${port}`;
  return `${scheme}://${exchange.host}${shown}${location}`;
}
