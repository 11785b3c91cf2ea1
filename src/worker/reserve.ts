/**
 * Reserves ports that workers share.
 *
 * @module
 */
import * as net from "node:net";
import { ListenError } from "../proxy/mod.ts";
import { listenOnAll } from "../runtime/mod.ts";
import type { Listener } from "../snapshot/mod.ts";

/**
 * Binds the address once without sharing, so that a port of another program is an error although workers share theirs,
 * and port 0 becomes a number that all workers can use. Resolves with the number.
 *
 * @throws {ListenError} when the address cannot be bound
 */
export async function reserve(listener: Listener): Promise<number> {
  const { port } = listener;
  // Workers report themselves that they take no datagrams.
  if (listener.protocol === "udp") return port;
  try {
    return await listenOnAll(listener.address, (address) => bindOnce(address, port));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const place = listener.address === "" ? "all addresses" : listener.address;
    throw new ListenError(code ?? "", `cannot listen on ${place} port ${port}: ${message}`, port);
  }
}

async function bindOnce(host: string, port: number): Promise<number> {
  const server = net.createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host, exclusive: true }, resolve);
    });
    return (server.address() as net.AddressInfo).port;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
