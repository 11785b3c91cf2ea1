/**
 * Serves a Hono app on a port of its own with `node:http`, for the few requests of operators and probes.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Hono } from "hono";

/** An open admin port. */
export interface AdminListener {
  readonly port: number;
  /** Stops accepting, and cuts open connections. */
  close(): Promise<void>;
}

/** Time for a whole request head, milliseconds. */
const HEAD_TIMEOUT_MS = 10_000;
/** Bound of the connections, so that a flood on this port uses up no descriptors of the proxy. */
const MAX_CONNECTIONS = 256;

/**
 * Serves `app`; rejects with the system's error when the address cannot be bound. Request bodies are not read.
 *
 * @param report takes exceptions of the app, which answers 500 then
 */
export function serveApp(
  app: Hono,
  host: string,
  port: number,
  report: (error: unknown) => void,
): Promise<AdminListener> {
  app.onError((error, c) => {
    report(error);
    return c.text("internal error", 500);
  });
  const server = createServer(
    { headersTimeout: HEAD_TIMEOUT_MS, requestTimeout: HEAD_TIMEOUT_MS },
    (request, response) => {
      handle(app, request, response).catch((error) => {
        report(error);
        response.destroy();
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on("clientError", (_error, socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      server.on("error", () => {});
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function handle(app: Hono, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  incoming.resume();
  const url = requestUrl(incoming.url ?? "/");
  if (url === null || incoming.method === undefined) {
    outgoing.writeHead(400, { "content-length": "0" }).end();
    return;
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (typeof value === "string") headers.set(name, value);
  }
  const response = await app.fetch(new Request(url, { method: incoming.method, headers }));
  const body = new Uint8Array(await response.arrayBuffer());
  outgoing.writeHead(response.status, {
    // Bun's headers lack the type that a Response of a string has by default.
    "content-type": "text/plain;charset=UTF-8",
    ...Object.fromEntries(response.headers),
    "content-length": String(body.length),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  outgoing.end(incoming.method === "HEAD" ? undefined : body);
}

/** URL of a request; its authority is made up, because apps read the Host field themselves. */
function requestUrl(target: string): string | null {
  if (!target.startsWith("/")) return null;
  const url = `http://admin${target}`;
  return URL.canParse(url) ? url : null;
}
