/**
 * Words for the failure of a connection to an endpoint, the same on all runtimes.
 *
 * @module
 */

/** Causes by the name of the system's error (errno). */
const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection reset",
  ECONNABORTED: "connection aborted",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "network unreachable",
  EHOSTDOWN: "host is down",
  EADDRNOTAVAIL: "no local port is free",
  EACCES: "the system does not allow it",
  EPERM: "the system does not allow it",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
};

/** Cause of an error; `null`: the endpoint ended the connection without an error. */
export function connectionCause(error: Error | null): string {
  if (error === null) return "the endpoint closed the connection";
  const { code } = error as { code?: unknown };
  const known = typeof code === "string" && Object.hasOwn(CAUSES, code) ? CAUSES[code] : undefined;
  if (known !== undefined) return known;
  return typeof code === "string" && !error.message.includes(code) ? `${error.message} (${code})` : error.message;
}
