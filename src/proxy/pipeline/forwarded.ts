/**
 * Host, scheme and port as the outermost proxy saw them: those of this connection, or those of X-Forwarded-* fields
 * when they are trusted.
 *
 * @module
 */
import type { Globals } from "../../snapshot/snapshot.ts";
import type { ServerConnection, ServerExchange } from "../contract.ts";

/** Sets `forwardedHost`, `forwardedScheme` and `forwardedPort`; made for each change of the globals. */
export class Forwarded {
  readonly #believes: boolean;
  readonly #httpsPort: string;

  constructor(globals: Globals) {
    this.#believes = globals.realIp.useForwardedHeaders;
    this.#httpsPort = String(globals.ports.https);
  }

  /** Scheme of the connection; a PROXY protocol header with the HTTPS port means https. */
  schemeOf(connection: ServerConnection): string {
    return connection.tls !== null || connection.proxied?.destinationPort === 443 ? "https" : "http";
  }

  /** Port of the connection; the HTTPS port counts as 443, whatever its number. */
  portOf(connection: ServerConnection): string {
    return this.#shown(String(connection.proxied?.destinationPort ?? connection.localPort));
  }

  /** Takes values from trusted fields; without them the values of the connection stay. */
  believe(exchange: ServerExchange): void {
    if (!this.#believes) return;
    const { request } = exchange;
    const host = request.get("x-forwarded-host");
    if (host !== undefined && host !== "") {
      const comma = host.indexOf(",");
      exchange.forwardedHost = comma < 0 ? host : host.slice(0, comma).trim();
    }
    // verbatim: several lines are one list, and an empty value is no scheme, so it is not redirected as `http`
    if (request.has("x-forwarded-proto")) exchange.forwardedScheme = request.getAll("x-forwarded-proto").join(", ");
    const port = request.get("x-forwarded-port");
    if (port !== undefined && port !== "") exchange.forwardedPort = this.#shown(port);
  }

  #shown(port: string): string {
    return port === this.#httpsPort ? "443" : port;
  }
}
