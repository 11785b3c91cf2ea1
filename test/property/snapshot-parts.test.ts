import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { DataDecoder, DataEncoder, divideUpdate, UpdateAssembler, type UpdatePart } from "../../src/snapshot/mod.ts";
import { fakeGlobals } from "../support/policy.ts";
import { type Random, random } from "../support/random.ts";
import { firstUpdate, location, upstream, virtualHost } from "../support/snapshot.ts";

const KEYS = ["a", "b", "length", "__proto__", "toString", "", "\0", "a\0b", "0", "é"];
const TEXTS = ["", "x", "\0", "\u2028", "\ud800", "é😀", "-1", '"'];
const NUMBERS = [0, -1, -2, -3, 1.5, 1e300, 2 ** 53];

/** Plain data; now and then something that stands elsewhere already. */
function data(next: Random, made: object[], depth = 0): unknown {
  const kind = next(depth > 4 ? 5 : 9);
  if (kind === 0) return null;
  if (kind === 1) return next(2) === 0;
  if (kind === 2) return next.of(NUMBERS);
  if (kind <= 4) return next.of(TEXTS);
  if (kind === 5 && made.length > 0) return next.of(made);
  let value: object;
  if (kind <= 7) {
    value = {};
    for (let n = next(4); n > 0; n--) {
      Object.defineProperty(value, next.of(KEYS), {
        value: data(next, made, depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  } else value = Array.from({ length: next(4) }, () => data(next, made, depth + 1));
  made.push(value);
  return value;
}

/** Objects in the order in which they are first met; those that are met again only once. */
function objectsOf(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  found.add(value);
  for (const key of Object.keys(value)) objectsOf((value as Record<string, unknown>)[key], found);
  return found;
}

/** Numbers of the objects at all places, so that two values can be compared in what they share. */
function sharing(value: unknown): number[] {
  const numbers = new Map([...objectsOf(value)].map((object, i) => [object, i] as const));
  const order: number[] = [];
  for (const object of numbers.keys()) {
    for (const inner of Object.values(object)) order.push(numbers.get(inner) ?? -1);
  }
  return order;
}

describe("DataEncoder and DataDecoder", () => {
  test("give back what was given, and share what was shared", () => {
    const next = random(1);
    for (let round = 0; round < 2000; round++) {
      const made: object[] = [];
      const values = Array.from({ length: 1 + next(3) }, () => data(next, made));
      const encoder = new DataEncoder();
      const text = JSON.stringify(values.map((value) => encoder.encode(value)));
      const decoder = new DataDecoder();
      const decoded = (JSON.parse(text) as unknown[]).map((node) => decoder.decode(node));
      assert.deepEqual(decoded, values);
      assert.deepEqual(sharing(decoded), sharing(values));
    }
  });

  test("throw nothing but TypeErrors, and end, whatever is decoded", () => {
    const next = random(2);
    for (let round = 0; round < 2000; round++) {
      const node = data(next, []);
      try {
        new DataDecoder().decode(JSON.parse(JSON.stringify(node)));
      } catch (error) {
        assert.ok(error instanceof TypeError, String(error));
      }
    }
  });
});

test("an update comes out of its parts as it was, however it was divided", () => {
  const next = random(3);
  for (let round = 0; round < 200; round++) {
    const policies = Array.from(
      { length: 3 },
      (_, i) => ({ "proxy-body-size": { maxBodyBytes: i }, "app-root": { path: "/x" } }),
    );
    const hosts = Array.from({ length: next(20) }, (_, i) =>
      virtualHost(
        `h${i}.example`,
        Array.from({ length: next(5) }, (_, p) =>
          location(`prefix /${p}`, `default-s${i}-80`, { policies: next.of(policies) })),
      ));
    const upstreams = Array.from({ length: next(20) }, (_, i) => upstream(`default-s${i}-80`, ["10.0.0.1:80"]));
    const update = firstUpdate({ globals: fakeGlobals(), hosts, upstreams, removeHosts: ["gone.example"] });
    const lines = [...divideUpdate(update, 1 + next(50))].map((part) => JSON.stringify(part));
    const assembler = new UpdateAssembler();
    for (const line of lines) assembler.add(JSON.parse(line) as UpdatePart);
    assert.deepEqual(assembler.update(), update);
    assert.deepEqual(sharing(assembler.update()), sharing(update));
  }
});
