/**
 * Sallyport: the entry of the program on both runtimes, and the library's door. Importing it starts nothing.
 *
 * @example Serving a folder of manifests
 * ```ts
 * import { createCompiler, DataPlane, readManifests } from "sallyport";
 *
 * const { store } = await readManifests(["manifests"]);
 * // port 0: any that is free
 * const { update, diagnostics } = createCompiler({ httpPort: 0, httpsPort: 0 }).compile(store, []);
 * for (const { severity, message } of diagnostics) console.error(severity, message);
 *
 * const plane = new DataPlane();
 * plane.apply(update);
 * await plane.listen();
 * console.log(`http://localhost:${plane.ports.http}`);
 * ```
 *
 * @module
 */
import "./src/cli/control-signals.ts"; // must stay the first one
import { main } from "./src/cli/main.ts";
import { runtime } from "./src/runtime/mod.ts";

export * from "./src/library.ts";

if (import.meta.main) {
  const { args, exit } = runtime();
  void main(args()).then(exit);
}
