import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DataDecoder, DataEncoder, divideUpdate, UpdateAssembler } from "../../../src/snapshot/mod.ts";
import { firstUpdate, location, virtualHost } from "../../support/snapshot.ts";

const encode = (value: unknown): unknown => new DataEncoder().encode(value);

describe("DataEncoder.encode()", () => {
  const shared = { x: 1 };
  const rows: readonly (readonly [string, unknown, unknown])[] = [
    ["leaves primitives as they are", ["a", 1, true, null], [-2, "a", 1, true, null]],
    ["writes keys once", [{ a: 1, b: 2 }, { a: 3, b: 4 }], [-2, [-3, ["a", "b"], 1, 2], [0, 3, 4]]],
    ["tells shapes by the order of keys", [{ a: 1, b: 2 }, { b: 2, a: 1 }], [-2, [-3, ["a", "b"], 1, 2], [
      -3,
      [
        "b",
        "a",
      ],
      2,
      1,
    ]]],
    ["writes an object once", [shared, shared], [-2, [-3, ["x"], 1], [-1, 1]]],
    ["leaves undefined out", { a: undefined, b: 1 }, [-3, ["b"], 1]],
    ["has null for undefined in lists, as JSON", [undefined], [-2, null]],
    ["knows the shape of an object inside it", { a: { a: 1 } }, [-3, ["a"], [0, 1]]],
  ];
  for (const [name, value, node] of rows) test(name, () => assert.deepEqual(encode(value), node));

  test("refuses what is no plain data", () => {
    for (const value of [() => {}, 1n, Symbol("x")]) {
      assert.throws(() => encode([value]), { name: "TypeError", message: /want plain data/ });
    }
  });
});

describe("DataDecoder.decode()", () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ["a reference to what is not there", [-1, 0]],
    ["an unknown shape", [0, 1]],
    ["another number of values", [-3, ["a"], 1, 2]],
    ["an unknown kind", [-4]],
    ["an empty list", []],
  ];
  for (const [name, node] of rows) {
    test(`refuses ${name}`, () => assert.throws(() => new DataDecoder().decode(node), TypeError));
  }
});

test("divideUpdate() cuts between hosts", () => {
  const hosts = Array.from({ length: 10 }, (_, i) => virtualHost(`h${i}.example`, [location("prefix /")]));
  const parts = [...divideUpdate(firstUpdate({ hosts }), 20)];
  assert.ok(parts.filter(({ field }) => field === "virtualHosts.set").length > 2);
});

test("UpdateAssembler refuses parts out of order", () => {
  const policies = { "app-root": { path: "/x" } };
  const hosts = Array.from({ length: 3 }, (_, i) => ({ ...virtualHost(`h${i}.example`, []), policies }));
  const [, ...late] = divideUpdate(firstUpdate({ hosts }), 1);
  const assembler = new UpdateAssembler();
  assert.throws(() => late.forEach((part) => assembler.add(part)), TypeError);
});
