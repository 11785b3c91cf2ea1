/**
 * Requests that a policy makes of its own while it works on a client's: to ask whether a client may pass, to send a copy,
 * to fetch a page.
 *
 * @module
 */
import type { Exchange } from "../http/exchange.ts";
import type { FieldList } from "../http/mod.ts";

/** Where a subrequest goes. */
export type SubrequestTarget =
  /** An upstream of the snapshot by its name; its balancer picks the endpoint. The protocol is plain HTTP. */
  | { readonly kind: "upstream"; readonly upstream: string; readonly target: string; readonly authority: string }
  | {
    readonly kind: "url";
    /** `http:` or `https:`; what stands behind `#` is not sent. */
    readonly url: string;
    /** Who may have signed the certificate: whom the system trusts (default), those of the PEM text, or anybody. */
    readonly authorities?: "system" | "any" | { readonly pem: string };
  };

/** One subrequest. */
export interface SubrequestOptions {
  readonly to: SubrequestTarget;
  /** Default: `GET`. */
  readonly method?: string;
  /** Beside Host and Content-Length. Fields of the connection (Connection, Transfer-Encoding, Upgrade, ...) are refused. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
  /** Text is sent as UTF-8. Default: none. */
  readonly body?: string | Uint8Array;
  /** For all of it, from now to the end of the response. Default: 60,000. */
  readonly timeoutMs?: number;
  /** Longest body of the response. Default: 65,536. */
  readonly maxBodyBytes?: number;
  /**
   * The subrequest goes on when the client's exchange is over; for subrequests that are not awaited. Default: false.
   */
  readonly outlivesExchange?: boolean;
}

/** What came back. */
export interface SubrequestResponse {
  readonly status: number;
  readonly fields: FieldList;
  readonly body: Uint8Array;
}

/**
 * Makes a subrequest on behalf of an exchange. It uses the connections, balancers and limits of the data plane, and is not
 * counted or logged as a request of a client.
 *
 * Rejects with a `TypeError` when the options make no request, with a `ProxyError` when there is no response: nobody
 * answered, not in time, with more than `maxBodyBytes`, the client has gone, or it would have come back to a listener of
 * this program. Whoever does not wait for it need not catch that.
 */
export type Subrequest = (exchange: Exchange, options: SubrequestOptions) => Promise<SubrequestResponse>;
