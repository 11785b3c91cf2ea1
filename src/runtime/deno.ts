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

/** The part of Deno's global object that this file uses; the project's types are Bun's. */
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
    // gc exists with --v8-flags=--expose-gc only; an idle V8 gives memory back by itself.
    collectGarbage: () => {},
    // process.stdout and write() of node:fs would block the process while a pipe is full.
    writeOutput: (bytes) => deno.stdout.write(bytes),
    errorOutput: errorOutput(deno.stderr),
    tcp: denoTcp,
    tlsServer: nodeTlsServer,
  };
}

/** As {@link Runtime.writeOutput}: process.stderr would block the process while a pipe is full. */
function errorOutput(output: Output): Runtime["errorOutput"] {
  let last = Promise.resolve();
  const writeAll = async (text: string): Promise<void> => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await output.write(bytes.subarray(at));
  };
  return {
    write: (text, done) => {
      // the process goes on without a reader
      last = last.then(() => writeAll(text)).catch(() => {}).then(done);
    },
  };
}
