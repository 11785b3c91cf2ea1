/**
 * A backend that answers with what it received: the one that the program brings.
 *
 * @module
 */
import { EchoServer } from "../../src/cli/echo/echo-server.ts";

/** One on a loopback port. */
export async function openEcho(): Promise<EchoServer> {
  const echo = new EchoServer({ name: "one", address: "127.0.0.1", port: 0 });
  await echo.start();
  return echo;
}
