/**
 * Where Bun and Deno differ: one interface, a file per runtime. Nothing else in the project names either of them.
 *
 * @module
 */
import { bunRuntime } from "./bun.ts";
import { denoRuntime } from "./deno.ts";
import type { Runtime } from "./runtime.ts";

export { CONTROL_SIGNALS, holdSignals, IDLE_SIGNALS, WORKER_SIGNALS } from "./hold-signals.ts";
export { listenOnAll } from "./listen-on-all.ts";
export type { Runtime, Signal } from "./runtime.ts";
export type { Tcp, TcpListener, TcpListenOptions } from "./tcp.ts";
export type { MakeTlsServer, TlsAgreement, TlsServer, TlsServerOptions } from "./tls.ts";

let current: Runtime | undefined;

/** The runtime that the program runs on. */
export function runtime(): Runtime {
  return current ??= "Bun" in globalThis ? bunRuntime() : denoRuntime();
}
