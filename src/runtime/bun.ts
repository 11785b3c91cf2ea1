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

/** The part of Bun's global object that is used here, spelled out so that the file is well typed on Deno, too. */
interface BunGlobal extends BunTcp {
  readonly version: string;
  readonly main: string;
  gc(force: boolean): void;
}

/** The very file that this process runs, also after it was replaced by another version, or removed. */
function ownExecutable(): string {
  const link = `/proc/${process.pid}/exe`;
  return existsSync(link) ? link : process.execPath;
}

/** The {@link Runtime} on Bun. */
export function bunRuntime(): Runtime {
  const bun = (globalThis as unknown as { readonly Bun: BunGlobal }).Bun;
  // The main module of a compiled executable lies in Bun's virtual file system.
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
          // A pipe in non-blocking mode is full.
          else if (error.code === "EAGAIN") resolve(0);
          else reject(error);
        });
      }),
    errorOutput: process.stderr,
    tcp: bunTcp(bun),
    tlsServer: bunTlsServer,
  };
}
