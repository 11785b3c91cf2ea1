/**
 * {@link Tcp} by `node:net`.
 *
 * @module
 */
import { type AddressInfo, connect, createServer } from "node:net";
import type { Tcp } from "./tcp.ts";

export const nodeTcp: Tcp = {
  listen: ({ address, port, reusePort, backlog }, accept, failed) =>
    new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true, allowHalfOpen: true }, accept);
      server.once("error", reject);
      server.listen({ host: address, port, backlog, ...(reusePort ? { reusePort } : {}) }, () => {
        server.off("error", reject);
        server.on("error", failed);
        resolve({ port: (server.address() as AddressInfo).port, close: () => void server.close() });
      });
    }),
  connect: (host, port) => connect({ host, port, noDelay: true, allowHalfOpen: true }),
};
