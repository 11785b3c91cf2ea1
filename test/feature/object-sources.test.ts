/**
 * A folder and a source in memory at once, through the door of the library: requests move when one loses an object.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, before, test, type TestContext } from "node:test";
import { Controller, createCompiler, DataPlane, ManifestSource, MemorySource, ObjectSources } from "../../mod.ts";
import { compilerOptions } from "../support/compiler.ts";
import { ask, echoBackend } from "../support/data-plane.ts";
import { LogLines, TempFolder } from "../support/manifest-folder.ts";

let one: Server & { at: string };
let two: Server & { at: string };
before(async () => {
  [one, two] = await Promise.all([echoBackend("one"), echoBackend("two")]);
});
after(async () => {
  for (const server of [one, two]) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

const ports = [{ port: 80, targetPort: 80 }];
const SERVICE = { apiVersion: "v1", kind: "Service", metadata: { name: "echo" }, spec: { clusterIP: "None", ports } };
const INGRESS = {
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: "web" },
  spec: {
    ingressClassName: "nginx",
    rules: [{
      host: "a.example",
      http: {
        paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "echo", port: { number: 80 } } } }],
      },
    }],
  },
};

/** Endpoints of the Service, of one age. */
function slice({ at }: { readonly at: string }, created = "2024-01-01T00:00:00Z") {
  const [address, port] = at.split(":");
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "echo-x", labels: { "kubernetes.io/service-name": "echo" }, creationTimestamp: created },
    addressType: "IPv4",
    endpoints: [{ addresses: [address] }],
    ports: [{ port: Number(port) }],
  };
}

const SLICE = { kind: "EndpointSlice", namespace: "default", name: "echo-x" };

/** Serves what the sources tell; `applied` resolves when the next update is in force. */
async function serve(t: TestContext, sources: readonly (ManifestSource | MemorySource)[]) {
  const logger = new LogLines();
  const plane = new DataPlane({ logger, accessLog: () => Promise.resolve() });
  let applied = (): void => {};
  const all = new ObjectSources(sources, { onChange: (changes) => controller.changed(changes) });
  const options = compilerOptions({ bindAddress: "127.0.0.1", httpPort: 0, httpsPort: 0 });
  const controller = new Controller({
    view: all.store,
    createCompiler: () => createCompiler(options),
    publish: (update) => {
      plane.apply(update);
      applied();
    },
    logger,
  });
  t.after(async () => {
    controller.stop();
    await all.stop();
    await plane.close(1000);
  });
  await all.start();
  await controller.start();
  await plane.listen();
  const after = (change: () => void): Promise<void> =>
    new Promise((resolve) => {
      applied = resolve;
      change();
    });
  return { plane, all, after };
}

test("a program serves objects that it sets itself", async (t) => {
  const source = new MemorySource();
  assert.deepEqual(source.set([SERVICE, INGRESS, slice(one)]), []);
  const { plane, after } = await serve(t, [source]);
  assert.equal((await ask(plane, "a.example", "/")).echo.name, "one");
  await after(() => source.set([slice(two)]));
  assert.equal((await ask(plane, "a.example", "/")).echo.name, "two");
  await after(() => source.remove([SLICE]));
  assert.equal((await ask(plane, "a.example", "/")).status, 503);
});

test("requests move to the copy of another source when the one in force goes, and back", async (t) => {
  const folder = new TempFolder(t);
  const older = JSON.stringify(slice(one, "2023-01-01T00:00:00Z"));
  folder.write("app.json", JSON.stringify({ apiVersion: "v1", kind: "List", items: [SERVICE, INGRESS] }));
  folder.write("slice.json", older);
  const memory = new MemorySource("tests");
  memory.set([slice(two)]);
  const manifests = new ManifestSource({ folders: [folder.path], logger: new LogLines() });
  const { plane, all, after } = await serve(t, [memory, manifests]);
  assert.equal((await ask(plane, "a.example", "/")).echo.name, "one");
  const [finding, ...rest] = all.diagnostics();
  assert.deepEqual(rest, []);
  assert.equal(
    finding?.message,
    `the object is also in ${folder.at("slice.json")}:1, which is older or stands first`,
  );
  assert.deepEqual(finding?.source, { kind: "memory", name: "tests" });
  await after(() => folder.remove("slice.json"));
  assert.equal((await ask(plane, "a.example", "/")).echo.name, "two");
  assert.deepEqual(all.diagnostics(), []);
  await after(() => folder.replace("slice.json", older));
  assert.equal((await ask(plane, "a.example", "/")).echo.name, "one");
  await after(() => memory.set([slice(two, "2022-01-01T00:00:00Z")]));
  assert.equal((await ask(plane, "a.example", "/")).echo.name, "two");
});
