import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Diagnostic } from "../../../src/diagnostic.ts";
import { MemorySource, type ObjectSource, ObjectSources, type SourceState } from "../../../src/kube/mod.ts";

const configMap = (text: string, created?: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "c", ...created === undefined ? {} : { creationTimestamp: created } },
  data: { text },
});
const REF = { kind: "ConfigMap", namespace: "default", name: "c" };

async function two() {
  const [a, b] = [new MemorySource("a"), new MemorySource("b")];
  const news: Diagnostic[] = [];
  const changes: string[] = [];
  const sources = new ObjectSources([a, b], {
    onDiagnostics: (more) => news.push(...more),
    onChange: (more) => changes.push(...more.map(({ key }) => key)),
  });
  await sources.start();
  const inForce = () => sources.store.configMap("default", "c")?.data.get("text");
  return { a, b, sources, news, changes, inForce };
}

describe("ObjectSources", () => {
  const rows: readonly (readonly [name: string, a: string | undefined, b: string | undefined, winner: "a" | "b"])[] = [
    ["the older one", "2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z", "b"],
    ["of the same age, that of the first source", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "a"],
    ["without ages, that of the first source", undefined, undefined, "a"],
    ["one without an age rather than one with", "2024-01-01T00:00:00Z", undefined, "b"],
  ];
  for (const [name, createdA, createdB, winner] of rows) {
    for (const first of ["a", "b"]) {
      test(`has in force of two copies: ${name}; ${first} comes first`, async () => {
        const { a, b, sources, news, inForce } = await two();
        const set = { a: () => a.set([configMap("of a", createdA)]), b: () => b.set([configMap("of b", createdB)]) };
        set[first as "a" | "b"]();
        assert.deepEqual(sources.diagnostics(), []);
        set[first === "a" ? "b" : "a"]();
        assert.equal(inForce(), `of ${winner}`);
        const loser = winner === "a" ? "b" : "a";
        const expected: Diagnostic = {
          reason: "DuplicateObject",
          severity: "warning",
          object: REF,
          message: `the object is also in memory "${winner}", which is older or stands first`,
          effect: "this copy is not in force",
          source: { kind: "memory", name: loser },
        };
        assert.deepEqual(sources.diagnostics(), [expected]);
        assert.deepEqual(news, [expected]);
        (winner === "a" ? a : b).remove([REF]);
        assert.equal(inForce(), `of ${loser}`);
        assert.deepEqual(sources.diagnostics(), []);
        (loser === "a" ? a : b).remove([REF]);
        assert.equal(inForce(), undefined);
      });
    }
  }

  test("tells no change of a copy that is not in force", async () => {
    const { a, b, changes, news } = await two();
    a.set([configMap("1")]);
    b.set([configMap("2")]);
    b.set([configMap("3")]);
    b.remove([REF]);
    assert.deepEqual(changes, ["ConfigMap/default/c"]);
    assert.equal(news.length, 1, "the same contest is told once");
  });

  test("refuses two sources of one name", () => {
    assert.throws(() => new ObjectSources([new MemorySource(), new MemorySource()]), TypeError);
  });

  const source = (
    name: string,
    state: SourceState,
    start: ObjectSource["start"],
  ): ObjectSource & { ended: boolean } => ({
    name,
    state,
    start,
    ended: false,
    diagnostics: () => [],
    async stop() {
      this.ended = true;
    },
  });

  test("sums up how well the sources are", () => {
    const start = () => Promise.resolve({ objects: 0, tookMs: 0 });
    const synced = source("a", { kind: "synced" }, start);
    const degraded = source("b", { kind: "degraded", reason: "no answer" }, start);
    const starting = source("c", { kind: "starting" }, start);
    assert.deepEqual(new ObjectSources([synced]).state, { kind: "synced" });
    assert.deepEqual(new ObjectSources([synced, degraded]).state, { kind: "degraded", reason: "b: no answer" });
    assert.deepEqual(new ObjectSources([degraded, starting]).state, { kind: "starting" });
  });

  test("stops all when one cannot start", async () => {
    const good = source("a", { kind: "synced" }, () => Promise.resolve({ objects: 0, tookMs: 0 }));
    const bad = source("b", { kind: "starting" }, () => Promise.reject(new Error("no folder")));
    await assert.rejects(new ObjectSources([good, bad]).start(), /no folder/);
    assert.deepEqual([good.ended, bad.ended], [true, true]);
  });
});
