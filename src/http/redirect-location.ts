/**
 * Location values of redirects that the program makes.
 *
 * @module
 */
import type { Exchange, RedirectForm } from "./exchange.ts";

/**
 * Turns a Location that begins with `/` into an absolute URL with the scheme of the connection and the host, as nginx
 * does with absolute_redirect on; other values stay. With `withPort` (port_in_redirect), the URL names the port of the
 * connection, except 80 and 443. `form`: default that of the location, and without one absolute without a port.
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
