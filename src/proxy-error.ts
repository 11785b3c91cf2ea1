/**
 * What went wrong in one exchange, as a thrown (or passed) error with a stable code.
 *
 * @module
 */

/** Which side is at fault. */
export type ProxyErrorSource = "downstream" | "upstream" | "internal";

/** May the request be sent again: on another connection in any case, never, or only because a pooled connection was stale. */
export type Retry = "yes" | "no" | "if-reused";

/** Stable codes; `status` of each is in {@link STATUS_OF}. */
export type ProxyErrorCode =
  | "downstream-malformed"
  | "downstream-version"
  | "downstream-timeout"
  | "downstream-target-too-long"
  | "downstream-fields-too-large"
  | "downstream-body-too-large"
  | "downstream-coding"
  | "downstream-plain-http"
  | "downstream-closed"
  | "upstream-none"
  | "upstream-refused"
  | "upstream-connect-timeout"
  | "upstream-closed"
  | "upstream-malformed"
  | "upstream-timeout"
  | "internal";

/** Status that the client gets for each code, as nginx answers (499 is only logged). */
export const STATUS_OF: Readonly<Record<ProxyErrorCode, number>> = {
  "downstream-malformed": 400,
  "downstream-version": 505,
  "downstream-timeout": 408,
  "downstream-target-too-long": 414,
  "downstream-fields-too-large": 400,
  "downstream-body-too-large": 413,
  "downstream-coding": 501,
  "downstream-plain-http": 400,
  "downstream-closed": 499,
  "upstream-none": 503,
  "upstream-refused": 502,
  "upstream-connect-timeout": 504,
  "upstream-closed": 502,
  "upstream-malformed": 502,
  "upstream-timeout": 504,
  "internal": 500,
};

/** An exchange that failed. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";

  constructor(
    readonly code: ProxyErrorCode,
    readonly source: ProxyErrorSource,
    readonly retry: Retry,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Status for the client. */
  get status(): number {
    return STATUS_OF[this.code];
  }
}
