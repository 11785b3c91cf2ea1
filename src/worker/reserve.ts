/**
 * Ports for workers to share.
 *
 * @module
 */
import * as net from "node:net";
import type { ListenOptions } from "../proxy/mod.ts";
import { ListenError } from "./worker-process.ts";

/**
 * Binds the addresses once without sharing, so that a port somebody else holds is an error although workers share theirs,
 * and a port of 0 becomes a number that all of them can use.
 *
 * @throws {ListenError} when an address cannot be bound
 */
export async function reserve(options: ListenOptions): Promise<ListenOptions> {
  const bound = async (port: number): Promise<number> => {
    const server = net.createServer();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ port, host: options.address, exclusive: true }, resolve);
      });
      return (server.address() as net.AddressInfo).port;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new ListenError(code ?? "", `cannot listen on ${options.address} port ${port}: ${message}`, port);
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  };
  const httpPort = await bound(options.httpPort);
  return { ...options, httpPort, httpsPort: await bound(options.httpsPort), reusePort: true };
}
