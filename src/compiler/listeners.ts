/**
 * Compiles the listeners from flags and ConfigMap.
 *
 * @module
 */
import type { ConfigReader } from "../policy/mod.ts";
import type { Listener } from "../snapshot/snapshot.ts";
import type { CompilerOptions } from "./contract.ts";

/** Listeners by name, in order. */
export function compileListeners(
  reader: ConfigReader,
  options: Pick<CompilerOptions, "bindAddress" | "httpPort" | "httpsPort">,
): Readonly<Record<string, Listener>> {
  const address = options.bindAddress ?? "";
  const proxyProtocol = reader.get("use-proxy-protocol");
  return {
    http: { name: "http", address, port: options.httpPort, protocol: "http", proxyProtocol },
    https: { name: "https", address, port: options.httpsPort, protocol: "https", proxyProtocol },
  };
}
