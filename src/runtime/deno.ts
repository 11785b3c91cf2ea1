/**
 * Deno.
 *
 * @module
 */
import process from "node:process";
import { denoTcp } from "./_deno-tcp.ts";
import { nodeTlsServer } from "./_node-tls.ts";
import { PROCESS } from "./_process.ts";
import type { Runtime } from "./runtime.ts";

/** The part of Deno's global object that is used here; the project's types are Bun's. */
interface DenoGlobal {
  readonly version: { readonly deno: string };
  readonly build: { readonly standalone?: boolean };
  readonly mainModule: string;
  readonly stdout: { write(bytes: Uint8Array): Promise<number> };
}

/** The {@link Runtime} on Deno. */
export function denoRuntime(): Runtime {
  const deno = (globalThis as unknown as { readonly Deno: DenoGlobal }).Deno;
  const standalone = deno.build.standalone === true;
  return {
    ...PROCESS,
    name: "deno",
    version: deno.version.deno,
    standalone,
    selfCommand: (entry: string = deno.mainModule) =>
      standalone ? [process.execPath] : [process.execPath, "run", "-A", entry],
    // Only reachable with --v8-flags=--expose-gc; V8 gives memory back by itself when the process is idle.
    collectGarbage: () => {},
    // Both process.stdout and write() of node:fs would keep everything waiting while a pipe is full.
    writeOutput: (bytes) => deno.stdout.write(bytes),
    tcp: denoTcp,
    tlsServer: nodeTlsServer,
  };
}
