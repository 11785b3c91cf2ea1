/**
 * 5,000 Ingresses from files: how long until ready, how long until a changed one is served while under load, and
 * whether a request failed. By hand, as run.ts:
 *
 *     bun scripts/bench/many-ingresses.ts [--ingresses 5000] [--changes 20] [--workers 0] [--bin dist/sallyport]
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { makeSelfSigned } from "../../src/proxy/tls/self-signed.ts";
import { backend } from "./backend.ts";
import { freePorts, start, stopAll, until } from "./child.ts";
import { burst, writeScripts } from "./load.ts";
import { residentBytes, treeOf } from "./process-tree.ts";
import { configuration, ingress, sallyportCommand, service, writeManifest } from "./sallyport.ts";
import { median } from "./table.ts";

const CONNECTIONS = 32;

const root = join(import.meta.dirname, "..", "..");

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1] ?? fallback);
}

const binAt = process.argv.indexOf("--bin");
const executable = resolve(binAt < 0 ? join(root, "dist", "sallyport") : process.argv[binAt + 1] ?? "");
const ingresses = option("ingresses", 5000);
const changes = option("changes", 20);
const backendPort = await freePorts(10);
const httpPort = backendPort + 1;
const folder = join(root, "tmp", `bench-${process.pid}`);
const manifests = join(folder, "manifests");
mkdirSync(manifests, { recursive: true });

const host = (i: number): string => `i${i}.bench.example`;
const certificate = await makeSelfSigned({
  commonName: "*.bench.example",
  organization: "Sallyport benchmark",
  names: ["*.bench.example"],
  days: 90,
});
writeManifest(manifests, "configuration", configuration(certificate, false));
for (let i = 0; i < ingresses; i++) {
  writeManifest(manifests, `ingress-${i}`, [
    ...service(`service-${i}`, backendPort),
    ingress(host(i), [["/web", `service-${i}`], ["/api", `service-${i}`]]),
  ]);
}

const errors = join(folder, "errors.log");
start(backend(folder, backendPort), errors);
await until(backendPort, "/", "backend", 200, 5000);

const began = performance.now();
const proxy = start({
  command: sallyportCommand(executable, manifests, httpPort, httpPort + 1, option("workers", 0)),
}, errors);
await until(httpPort + 2, "/healthz", "health", 200, 60_000);
const readyMs = performance.now() - began;
await until(httpPort, "/web", host(ingresses - 1), 200, 1000);
const idleBytes = residentBytes(treeOf(proxy.pid));

writeScripts(folder, Array.from({ length: 1000 }, (_, i) => host(i)), ["/web", "/api"]);
const load = burst({
  url: `http://127.0.0.1:${httpPort}/`,
  connections: CONNECTIONS,
  seconds: Math.ceil(3 + changes * 0.5),
  folder,
});
await new Promise((resolve) => setTimeout(resolve, 1500));

// The paths of a host are replaced by another, which was not there before.
const served: number[] = [];
for (let change = 0; change < changes; change++) {
  const i = 1000 + (change * 37) % Math.max(1, ingresses - 1000);
  const path = `/changed-${change}`;
  const objects = [...service(`service-${i}`, backendPort), ingress(host(i), [[path, `service-${i}`]])];
  const temporary = join(folder, "changed.yaml");
  writeFileSync(temporary, objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  await until(httpPort, path, host(i), 404, 1000);
  renameSync(temporary, join(manifests, `ingress-${i}.yaml`));
  served.push(await until(httpPort, path, host(i), 200, 5000));
  await until(httpPort, "/api", host(i), 404, 1000);
  await new Promise((resolve) => setTimeout(resolve, 200));
}
const result = await load;
const loadedBytes = residentBytes(treeOf(proxy.pid));
await stopAll();
rmSync(folder, { recursive: true });

const failed = result.errors + result.badStatuses;
if (process.argv.includes("--each")) console.log(served.map((ms) => ms.toFixed(0)).join(" "));
console.log(`
| ${ingresses} Ingresses from files | |
|---|---:|
| ready after | ${(readyMs / 1000).toFixed(2)} s |
| a changed Ingress is served after, median of ${changes}, under load | ${median(served).toFixed(0)} ms |
| the slowest | ${Math.max(...served).toFixed(0)} ms |
| requests meanwhile | ${result.units} |
| of these failed | ${failed} |
| memory before and after the load | ${(idleBytes / 1e6).toFixed(0)} MB, ${(loadedBytes / 1e6).toFixed(0)} MB |`);
process.exit(failed === 0 ? 0 : 1);
