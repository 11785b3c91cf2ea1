/**
 * Connections and requests in the format of nginx's stub_status.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_stub_status_module.html
 * @module
 */

/** Values of the page. */
export interface StubStatus {
  /** Connections accepted. */
  readonly accepted: number;
  /** Connections open now. */
  readonly active: number;
  /** Requests ended. */
  readonly requests: number;
  /** Requests in flight now. */
  readonly inFlight: number;
}

/** The text. A connection without a request in flight waits. */
export function formatStubStatus({ accepted, active, requests, inFlight }: StubStatus): string {
  return `Active connections: ${active} \nserver accepts handled requests\n ${accepted} ${accepted} ${requests} \n` +
    `Reading: 0 Writing: ${inFlight} Waiting: ${Math.max(0, active - inFlight)} \n`;
}
