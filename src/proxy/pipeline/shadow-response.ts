/**
 * The Response that stands for one whose head is known, and what becomes of changes of it.
 *
 * @module
 */
import type { ExchangeContext } from "../../policy/contract.ts";
import type { KnownResponse, ServerExchange } from "../contract.ts";

/** Fields that are the wire's own business: whatever is done to them has no effect. */
const FRAMING: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

/** A Response with the status and fields of the exchange, and those that were set by `c.header` before. */
export function shadowOf(c: ExchangeContext, exchange: ServerExchange, body: KnownResponse["body"]): Response {
  const headers = headersOf(exchange);
  const status = statusOf(exchange) as 200;
  if (body === null || body instanceof ReadableStream) return c.newResponse(body, { status, headers });
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  headers.set("Content-Length", String(bytes.length));
  return c.newResponse(exchange.method === "HEAD" ? null : bytes as Uint8Array<ArrayBuffer>, { status, headers });
}

function headersOf(exchange: ServerExchange): Headers {
  const headers = new Headers();
  for (const [name, value] of exchange.response ?? []) {
    try {
      headers.append(name, value);
    } catch {
      // what Headers do not take goes by them
    }
  }
  return headers;
}

/** A native Response takes 101, and 200 to 599; others keep their status unless a middleware sets one. */
function statusOf({ status }: ServerExchange): number {
  return status === 101 || (status >= 200 && status < 600) ? status : 200;
}

/** Takes status and fields of the Response over, as far as they were changed. */
export function takeOver(response: Response, exchange: ServerExchange): void {
  const fields = exchange.response;
  if (fields === null) return;
  const before = headersOf(exchange);
  const { headers, status } = response;
  if (status !== statusOf(exchange)) exchange.status = status;
  for (const name of new Set([...before.keys(), ...headers.keys()])) {
    if (FRAMING.has(name)) continue;
    if (name === "set-cookie") {
      const cookies = headers.getSetCookie();
      if (cookies.join("\n") === before.getSetCookie().join("\n")) continue;
      fields.delete(name);
      for (const cookie of cookies) fields.append("Set-Cookie", cookie);
      continue;
    }
    const value = headers.get(name);
    if (value === before.get(name)) continue;
    if (value === null) fields.delete(name);
    else fields.set(name, value);
  }
}
