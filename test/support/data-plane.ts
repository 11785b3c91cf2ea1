/**
 * A data plane on free ports, clients that ask it, and backends that tell what they received.
 *
 * @module
 */
import { createServer, type IncomingMessage, request as httpRequest, type Server } from "node:http";
import { request as httpsRequest } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import type { Logger } from "../../src/observe/mod.ts";
import { DataPlane, type DataPlaneOptions } from "../../src/proxy/mod.ts";
import type { SnapshotUpdate } from "../../src/snapshot/mod.ts";

const logger: Logger = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };

/** What the echo backend received. */
export interface Echo {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  readonly echo: Echo;
}

export async function echoBackend(name: string): Promise<Server & { at: string }> {
  const server = createServer((incoming, reply) => {
    const chunks: Uint8Array[] = [];
    incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const { method, url, headers } = incoming;
      reply.setHeader("Content-Type", "application/json");
      reply.end(JSON.stringify({ name, method, url, headers, body }));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return Object.assign(server, { at: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** A port on which nothing listens. */
export async function refusedAddress(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return `127.0.0.1:${port}`;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls?: boolean;
}

export function ask(plane: DataPlane, host: string, path: string, given: Ask = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: given.tls === true ? plane.ports.https : plane.ports.http,
      method: given.method ?? "GET",
      path,
      headers: { host, ...given.headers },
      agent: false,
    };
    const outgoing = given.tls === true
      ? httpsRequest({ ...options, servername: host, rejectUnauthorized: false })
      : httpRequest(options);
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Uint8Array[] = [];
      incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const echo = text.startsWith("{") ? JSON.parse(text) as Echo : null as unknown as Echo;
        resolve({ status: incoming.statusCode!, headers: incoming.headers, text, echo });
      });
    });
    outgoing.end(given.body);
  });
}

/** Runs `body` with a data plane that has had one update. */
export async function serving(
  update: SnapshotUpdate,
  body: (plane: DataPlane, log: () => string) => Promise<void>,
  options: DataPlaneOptions = {},
): Promise<void> {
  let lines = "";
  const plane = new DataPlane({
    logger,
    ...options,
    accessLog: (chunk) => {
      lines += Buffer.from(chunk).toString("latin1");
      return Promise.resolve();
    },
  });
  plane.apply(update);
  await plane.listen();
  try {
    await body(plane, () => lines);
  } finally {
    await plane.close(1_000);
  }
}
