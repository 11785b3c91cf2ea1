/**
 * Location values of redirects made here.
 *
 * @module
 */
import type { Exchange, RedirectForm } from "./exchange.ts";

/**
 * A Location that begins with `/` becomes an absolute URL of the connection's scheme and the host, as nginx does with
 * absolute_redirect on, unless `form` says otherwise; others stay. The port of the connection stands in it with `withPort`
 * (port_in_redirect), but for 80 and 443. `form`: default that of the location, `undefined`: absolute, without a port.
 */
export function redirectLocation(
  exchange: Exchange,
  location: string,
  form: RedirectForm | undefined = exchange.location?.redirectForm,
): string {
  if (!location.startsWith("/") || form?.relative === true) return location;
  const { scheme, connection: { localPort } } = exchange;
  const port = form?.withPort !== true || localPort === (scheme === "https" ? 443 : 80) ? "" : `:${localPort}`;
  return `${scheme}://${exchange.host}${port}${location}`;
}
