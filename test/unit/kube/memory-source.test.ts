import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Diagnostic } from "../../../src/diagnostic.ts";
import { MemorySource, ObjectSources, type StoreChange } from "../../../src/kube/mod.ts";

const configMap = (name: string, data: unknown = { a: "1" }) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});
const ref = (name: string) => ({ kind: "ConfigMap", namespace: "default", name });

async function started(source: MemorySource) {
  const changes: string[] = [];
  const news: string[] = [];
  const sources = new ObjectSources([source], {
    onChange: (more: readonly StoreChange[]) => changes.push(more.map(({ key }) => key).join()),
    onDiagnostics: (more: readonly Diagnostic[]) => news.push(more.map(({ reason }) => reason).join()),
  });
  await sources.start();
  return { sources, store: sources.store, changes, news };
}

describe("MemorySource", () => {
  test("tells what was set before the start, then one change for each call", async () => {
    const source = new MemorySource("tests");
    source.set([configMap("a"), configMap("b")]);
    assert.deepEqual(source.state, { kind: "starting" });
    const { store, changes } = await started(source);
    assert.deepEqual(source.state, { kind: "synced" });
    assert.equal(store.size, 2);
    assert.deepEqual(store.configMap("default", "a")?.source, { kind: "memory", name: "tests" });
    source.set([configMap("a"), configMap("b", { a: "2" }), configMap("c")]);
    source.remove([ref("a"), ref("b"), ref("missing")]);
    assert.deepEqual(changes, [
      "ConfigMap/default/b,ConfigMap/default/c",
      "ConfigMap/default/a,ConfigMap/default/b",
    ]);
  });

  test("refuses what a manifest may not say, and keeps the last good version", async () => {
    const source = new MemorySource();
    const { store, news } = await started(source);
    source.set([configMap("a")]);
    const [finding] = source.set([configMap("a", { a: 1 })]);
    assert.equal(finding?.reason, "InvalidObject");
    assert.equal(finding?.field, "data.a");
    assert.equal(finding?.effect, "its last good version stays in force");
    assert.deepEqual(finding?.source, { kind: "memory", name: "memory" });
    assert.deepEqual(source.diagnostics(), [finding]);
    assert.equal(store.configMap("default", "a")?.data.get("a"), "1");
    source.set([configMap("b", [])]);
    assert.equal(source.diagnostics()[1]?.effect, "the object is left out");
    source.set([configMap("a", { a: "2" })]);
    source.remove([ref("b")]);
    assert.deepEqual(source.diagnostics(), []);
    assert.deepEqual(news.filter((each) => each !== ""), ["InvalidObject", "InvalidObject"]);
  });

  test("takes back the finding of a misspelt kind when the object is set", async () => {
    const source = new MemorySource();
    const value = configMap("a");
    assert.equal(source.set([{ ...value, kind: "ConfigMab" }])[0]?.reason, "UnknownKind");
    assert.equal(source.diagnostics().length, 1);
    source.set([value]);
    assert.deepEqual(source.diagnostics(), []);
    await started(source);
  });

  test("returns findings about a value that names no object, and passes over other kinds", () => {
    const source = new MemorySource();
    assert.equal(source.set([42]).length, 1);
    assert.deepEqual(source.set([{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d" } }]), []);
    assert.deepEqual(source.diagnostics(), []);
  });

  test("tells nothing after its end", async () => {
    const source = new MemorySource();
    const { sources, store, changes } = await started(source);
    await sources.stop();
    source.set([configMap("a")]);
    assert.deepEqual([store.size, changes], [0, []]);
  });
});
