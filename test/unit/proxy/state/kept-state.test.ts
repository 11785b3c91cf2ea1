import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../../../src/observe/mod.ts";
import { type CountsDelta, KeptState } from "../../../../src/proxy/state/mod.ts";

function start() {
  const clock = new ManualClock();
  const told: CountsDelta[] = [];
  const state = new KeptState({ clock, tell: (deltas) => told.push(...deltas) });
  return { clock, told, state };
}

describe("KeptState counts", () => {
  test("add up by key, and never fall below 0", () => {
    const counts = start().state.counts("connections");
    assert.equal(counts.add("a", 1), 1);
    assert.equal(counts.add("a", 2), 3);
    assert.equal(counts.add("b", 1), 1);
    assert.equal(counts.add("a", -5), 0);
    assert.equal(counts.level("a"), 0);
    assert.equal(counts.level("b"), 1);
  });

  test("leak", () => {
    const { clock, state } = start();
    const counts = state.counts("requests", { leakPerSecond: 2 });
    counts.add("a", 5);
    clock.advance(1000);
    assert.equal(counts.level("a"), 3);
    assert.equal(counts.add("a", 1), 4);
    clock.advance(60_000);
    assert.equal(counts.level("a"), 0);
  });

  test("are the same for all who ask for their name, with the options of the last one", () => {
    const { clock, state } = start();
    const before = state.counts("requests", { leakPerSecond: 1 });
    before.add("a", 10);
    const after = state.counts("requests", { leakPerSecond: 5 });
    clock.advance(1000);
    assert.equal(after.level("a"), 5);
    assert.equal(before.level("a"), 5);
  });

  test("forget the key not used for longest, beyond their bound", () => {
    const counts = start().state.counts("requests", { maxKeys: 3 });
    for (const key of ["a", "b", "c"]) counts.add(key, 1);
    counts.add("a", 1);
    counts.add("d", 1);
    assert.deepEqual(["a", "b", "c", "d"].map((key) => counts.level(key)), [2, 0, 1, 1]);
  });

  test("hold as many keys as they may under a million of them", () => {
    const { state, told, clock } = start();
    const counts = state.counts("requests", { leakPerSecond: 1, maxKeys: 1000 });
    for (let i = 0; i < 1_000_000; i++) counts.add(`k${i}`, 1);
    assert.equal(counts.level("k0"), 0);
    assert.equal(counts.level("k999999"), 1);
    clock.advance(10_000);
    assert.ok(told.flatMap(({ amounts }) => amounts).length <= 1000, "what is told is bounded as well");
  });

  test("tell the other processes what was added, 50 ms later and once", () => {
    const { clock, told, state } = start();
    const counts = state.counts("requests", { leakPerSecond: 1 });
    counts.add("a", 1);
    counts.add("a", 1);
    counts.add("b", 3);
    clock.advance(49);
    assert.deepEqual(told, []);
    clock.advance(1);
    assert.deepEqual(told, [{ name: "requests", leakPerSecond: 1, amounts: [["a", 2], ["b", 3]] }]);
    clock.advance(1000);
    assert.equal(told.length, 1);
  });

  test("take over what others added, without telling it on", () => {
    const { clock, told, state } = start();
    state.receive([{ name: "requests", leakPerSecond: 0, amounts: [["a", 4]] }]);
    const counts = state.counts("requests");
    assert.equal(counts.level("a"), 4);
    assert.equal(counts.add("a", 1), 5);
    clock.advance(50);
    assert.deepEqual(told.flatMap(({ amounts }) => amounts), [["a", 1]]);
  });

  test("are dropped when they have leaked out and nobody has used them for ten minutes", () => {
    const { clock, state } = start();
    state.counts("leaks", { leakPerSecond: 1 }).add("a", 1);
    const held = state.counts("holds");
    held.add("a", 1);
    clock.advance(11 * 60_000);
    assert.deepEqual(state.names, ["holds"]);
    held.add("a", -1);
    clock.advance(11 * 60_000);
    assert.deepEqual(state.names, []);
    assert.equal(held.add("a", 1), 1, "who still holds them goes on with new ones");
  });

  test("tell the rest when they are closed", () => {
    const { told, state } = start();
    state.counts("requests").add("a", 1);
    state.close();
    assert.equal(told.length, 1);
  });
});

describe("KeptState caches", () => {
  test("keep values for their time, by name", () => {
    const { clock, state } = start();
    const cache = state.cache<string>("users", { maxEntries: 10, ttlMs: 1000 });
    cache.set("bob", "yes");
    assert.equal(state.cache<string>("users", { maxEntries: 10, ttlMs: 1000 }).get("bob"), "yes");
    assert.equal(state.cache<string>("others", { maxEntries: 10, ttlMs: 1000 }).get("bob"), undefined);
    clock.advance(1000);
    assert.equal(cache.get("bob"), undefined);
    cache.set("bob", "no");
    cache.delete("bob");
    assert.equal(cache.get("bob"), undefined);
  });

  test("forget the entry not used for longest, and are dropped when unused", () => {
    const { clock, state } = start();
    const cache = state.cache<number>("users", { maxEntries: 2, ttlMs: 1e9 });
    cache.set("a", 1);
    cache.set("b", 2);
    cache.get("a");
    cache.set("c", 3);
    assert.deepEqual(["a", "b", "c"].map((key) => cache.get(key)), [1, undefined, 3]);
    clock.advance(11 * 60_000);
    assert.deepEqual(state.names, []);
  });
});
