/**
 * Three sources with random changes come to what a model says that is asked anew after each.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type KubeObject, MemorySource, ObjectSources } from "../../src/kube/mod.ts";
import { random } from "../support/random.ts";

interface Copy {
  readonly age: number;
  readonly text: string;
}

const DAY_MS = 86_400_000;

function textOf(object: KubeObject | undefined): string | undefined {
  return object?.kind === "ConfigMap" ? object.data.get("text") : undefined;
}

for (let seed = 1; seed <= 40; seed++) {
  test(`sources come to the same as a model, seed ${seed}`, async () => {
    const next = random(seed);
    const sources = ["a", "b", "c"].map((name) => new MemorySource(name));
    const model = sources.map(() => new Map<string, Copy>());
    /** What the changes that were told lead to. */
    const followed = new Map<string, string | undefined>();
    const all = new ObjectSources(sources, {
      onChange: (changes) => {
        for (const { key, before, after } of changes) {
          assert.equal(followed.get(key), textOf(before));
          if (after === undefined) followed.delete(key);
          else followed.set(key, textOf(after));
        }
      },
    });
    await all.start();
    for (let step = 0; step < 120; step++) {
      const rank = next(sources.length);
      const names = Array.from({ length: 1 + next(3) }, () => `o${next(5)}`);
      if (next(3) === 0) {
        sources[rank]!.remove(names.map((name) => ({ kind: "ConfigMap", namespace: "default", name })));
        for (const name of names) model[rank]!.delete(name);
      } else {
        const age = next(3);
        sources[rank]!.set(names.map((name) => ({
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name, ...age === 0 ? {} : { creationTimestamp: new Date(age * DAY_MS).toISOString() } },
          data: { text: `${rank} ${step}` },
        })));
        for (const name of names) model[rank]!.set(name, { age, text: `${rank} ${step}` });
      }
      const expected = new Map<string, string>();
      const losers: string[] = [];
      for (let i = 0; i < 5; i++) {
        const name = `o${i}`;
        const copies = model.flatMap((layer, rank) => {
          const copy = layer.get(name);
          return copy === undefined ? [] : [{ rank, ...copy }];
        }).sort((x, y) => x.age - y.age || x.rank - y.rank);
        if (copies[0] !== undefined) {
          expected.set(`ConfigMap/default/${name}`, copies[0].text);
        }
        for (const { rank } of copies.slice(1)) losers.push(`${name} ${sources[rank]!.name}`);
      }
      assert.deepEqual([...followed].sort(), [...expected].sort());
      assert.equal(all.store.size, expected.size);
      assert.deepEqual(
        all.diagnostics().map(({ object, source }) =>
          `${object?.name} ${source?.kind === "memory" ? source.name : "?"}`
        ),
        losers,
      );
    }
  });
}
