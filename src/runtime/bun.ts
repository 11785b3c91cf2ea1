/**
 * Bun.
 *
 * @module
 */
import { existsSync, write } from "node:fs";
import process from "node:process";
import { type BunTcp, bunTcp } from "./_bun-tcp.ts";
import { bunTlsServer } from "./_bun-tls.ts";
import { PROCESS } from "./_process.ts";
import type { Runtime } from "./runtime.ts";

/** The part of Bun's global object that this file uses, written out so that the file has types on Deno too. */
interface BunGlobal extends BunTcp {
  readonly version: string;
  readonly main: string;
  gc(force: boolean): void;
}

/** Path of the executable that this process runs; it stays valid after the file was replaced or removed. */
function ownExecutable(): string {
  const link = `/proc/${process.pid}/exe`;
  return existsSync(link) ? link : process.execPath;
}

/** The {@link Runtime} on Bun. */
export function bunRuntime(): Runtime {
  const bun = (globalThis as unknown as { readonly Bun: BunGlobal }).Bun;
  // In a compiled executable the main module is in Bun's virtual file system.
  const standalone = bun.main.startsWith("/$bunfs/");
  return {
    ...PROCESS,
    name: "bun",
    version: bun.version,
    standalone,
    selfCommand: (entry: string = bun.main) => standalone ? [ownExecutable()] : [process.execPath, entry],
    collectGarbage: () => bun.gc(true),
    writeOutput: (bytes) =>
      new Promise((resolve, reject) => {
        write(1, bytes, 0, bytes.length, null, (error, written) => {
          if (error === null || error === undefined) resolve(written);
          // The pipe is in non-blocking mode, and full.
          else if (error.code === "EAGAIN") resolve(0);
          else reject(error);
        });
      }),
    errorOutput: process.stderr,
    tcp: bunTcp(bun),
    tlsServer: bunTlsServer,
  };
}
