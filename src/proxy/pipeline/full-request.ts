/**
 * The native Request of an exchange, for generic middleware: with its body, which the upstream gets all the same.
 *
 * @module
 */
import type { ServerExchange } from "../contract.ts";

/** Kept of a body that middleware reads, where proxy-body-size allows more or sets no limit. */
const MAX_KEPT_BYTES = 16_777_216;

/**
 * `null`: its target or method is none that a Request takes.
 *
 * @param maxBodyBytes longest body; 0: no limit
 */
export function makeRequest(exchange: ServerExchange, maxBodyBytes: number): Request | null {
  const headers = new Headers();
  for (const [name, value] of exchange.request) {
    try {
      headers.append(name, value);
    } catch {
      // what Headers do not take goes by them
    }
  }
  const { method } = exchange;
  const max = maxBodyBytes === 0 ? MAX_KEPT_BYTES : Math.min(maxBodyBytes, MAX_KEPT_BYTES);
  const body = method === "GET" || method === "HEAD" ? null : exchange.requestStream(max);
  try {
    return new Request(urlOf(exchange), {
      method,
      headers,
      ...body === null ? {} : { body, duplex: "half" },
    } as RequestInit);
  } catch {
    return null;
  }
}

/** As the outermost proxy saw it, if that is trusted. */
function urlOf({ authority, forwardedScheme, host, scheme, target }: ServerExchange): string {
  const protocol = forwardedScheme === "http" || forwardedScheme === "https" ? forwardedScheme : scheme;
  return `${protocol}://${authority === "" ? host : authority}${target.startsWith("/") ? target : "/"}`;
}
