/**
 * Sallyport: the entry of the program on both runtimes, and the library's door. Importing it starts nothing.
 *
 * @example Compiling a folder of manifests
 * ```ts ignore
 * import { createCompiler, readManifests } from "sallyport";
 * ```
 *
 * @module
 */
import { main } from "./src/cli/main.ts";
import { runtime } from "./src/runtime/mod.ts";

if (import.meta.main) {
  const { args, exit } = runtime();
  void main(args()).then(exit);
}
