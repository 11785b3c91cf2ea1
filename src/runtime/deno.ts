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

interface Output {
  write(bytes: Uint8Array): Promise<number>;
}

/** The part of Deno's global object that is used here; the project's types are Bun's. */
interface DenoGlobal {
  readonly version: { readonly deno: string };
  readonly build: { readonly standalone?: boolean };
  readonly mainModule: string;
  readonly stdout: Output;
  readonly stderr: Output;
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
    errorOutput: errorOutput(deno.stderr),
    tcp: denoTcp,
    tlsServer: nodeTlsServer,
  };
}

/** As {@link Runtime.writeOutput}: process.stderr would keep everything waiting while a pipe is full. */
function errorOutput(output: Output): Runtime["errorOutput"] {
  let last = Promise.resolve();
  const writeAll = async (text: string): Promise<void> => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await output.write(bytes.subarray(at));
  };
  return {
    write: (text, done) => {
      // a reader that went away is no reason to stop
      last = last.then(() => writeAll(text)).catch(() => {}).then(done);
    },
  };
}
