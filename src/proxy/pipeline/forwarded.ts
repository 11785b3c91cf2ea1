/**
 * What the outermost proxy saw of a request: host, scheme and port, from this connection or, if they may be believed, from
 * X-Forwarded-* fields.
 *
 * @module
 */
import type { Globals } from "../../snapshot/snapshot.ts";
import type { ServerConnection, ServerExchange } from "../contract.ts";

/** Sets `forwardedHost`, `forwardedScheme` and `forwardedPort`; made once for each change of the globals. */
export class Forwarded {
  readonly #believes: boolean;
  readonly #httpsPort: string;

  constructor(globals: Globals) {
    this.#believes = globals.realIp.useForwardedHeaders;
    this.#httpsPort = String(globals.ports.https);
  }

  /** Scheme of the connection; behind a PROXY protocol header the port it names decides as well. */
  schemeOf(connection: ServerConnection): string {
    return connection.tls !== null || connection.proxied?.destinationPort === 443 ? "https" : "http";
  }

  /** Port of the connection; the HTTPS port is always told as 443, whatever it is here. */
  portOf(connection: ServerConnection): string {
    return this.#shown(String(connection.proxied?.destinationPort ?? connection.localPort));
  }

  /** The fields, where they are believed; leaves the values of the connection alone otherwise. */
  believe(exchange: ServerExchange): void {
    if (!this.#believes) return;
    const { request } = exchange;
    const host = request.get("x-forwarded-host");
    if (host !== undefined && host !== "") {
      const comma = host.indexOf(",");
      exchange.forwardedHost = comma < 0 ? host : host.slice(0, comma).trim();
    }
    // verbatim: several lines as one list, an empty one as no scheme, which is not the `http` that is redirected
    if (request.has("x-forwarded-proto")) exchange.forwardedScheme = request.getAll("x-forwarded-proto").join(", ");
    const port = request.get("x-forwarded-port");
    if (port !== undefined && port !== "") exchange.forwardedPort = this.#shown(port);
  }

  #shown(port: string): string {
    return port === this.#httpsPort ? "443" : port;
  }
}
