/**
 * Bun.
 *
 * @module
 */
import process from "node:process";
import { PROCESS } from "./_process.ts";
import type { Runtime } from "./runtime.ts";

/** The {@link Runtime} on Bun. */
export function bunRuntime(): Runtime {
  // The main module of a compiled executable lies in Bun's virtual file system.
  const standalone = Bun.main.startsWith("/$bunfs/");
  return {
    ...PROCESS,
    name: "bun",
    version: Bun.version,
    standalone,
    selfCommand: () => standalone ? [process.execPath] : [process.execPath, Bun.main],
    collectGarbage: () => Bun.gc(true),
  };
}
