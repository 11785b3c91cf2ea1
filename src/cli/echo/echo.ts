/**
 * `sallyport echo`: a backend for trials and tests.
 *
 * @module
 */
import { hostname } from "node:os";
import { isIp } from "../../net/mod.ts";
import { listenOnAll, runtime } from "../../runtime/mod.ts";
import { EXIT_OK } from "../exit.ts";
import { GENERAL_FLAGS } from "../flag/general-flags.ts";
import { port, text } from "../flag/kind.ts";
import { parseFlags, UsageError } from "../flag/parse.ts";
import { RUN_FLAGS } from "../flag/run-flags.ts";
import { printCommandHelp, printVersion } from "../help.ts";
import { tellListenError } from "../listen.ts";
import { writeAll } from "../output.ts";
import { EchoServer } from "./echo-server.ts";

const USAGE = `Usage: sallyport echo --port N [--name NAME] [--bind-address IP]

A backend that answers each request with what it received, as JSON, and each WebSocket message with itself (the message
whoami with the request that opened it). ?status=503 sets the status of the answer, ?delay=200 milliseconds before it.
`;

/** Flags of `echo`. */
const ECHO_FLAGS = {
  "port": port(8080, { group: "Listening", short: "p", doc: "Port of HTTP; 0: any free one, which is printed." }),
  "bind-address": text("IP", "", { group: "Listening", doc: "Address; without it, all addresses." }),
  "name": text("NAME", "", { group: "General", doc: "Name in the answers; without it, that of the machine." }),
  ...GENERAL_FLAGS,
};

/** Prints the address; ends on SIGINT or SIGTERM. */
export async function echo(args: readonly string[]): Promise<number> {
  const { values, rest } = parseFlags(ECHO_FLAGS, args, RUN_FLAGS);
  if (values.help) return printCommandHelp(USAGE, ECHO_FLAGS);
  if (values.version) return printVersion();
  if (rest.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(rest[0])}: echo takes only flags`);
  const bindAddress = values["bind-address"];
  if (bindAddress !== "" && !isIp(bindAddress)) {
    throw new UsageError(`invalid value ${JSON.stringify(bindAddress)} for --bind-address: want an IP address`);
  }
  const name = values.name === "" ? hostname() : values.name;
  const server = await listenOnAll(bindAddress, async (address) => {
    const candidate = new EchoServer({ name, address, port: values.port });
    await candidate.start();
    return candidate;
  }).catch((error) => tellListenError(error, bindAddress, values.port, "--port"));
  writeAll(1, `echo ${name} listens on port ${server.port}\n`);
  await new Promise<void>((resolve) => {
    runtime().onSignal("SIGINT", resolve);
    runtime().onSignal("SIGTERM", resolve);
  });
  await server.close();
  return EXIT_OK;
}
