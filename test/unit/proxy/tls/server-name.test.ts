import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { normaliseServerName, wildcardOf } from "../../../../src/proxy/tls/server-name.ts";

describe("normaliseServerName()", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["a.example", "a.example"],
    ["A.Example", "a.example"],
    ["a.example.", "a.example"],
    ["a.example..", "a.example."],
    ["", ""],
  ];
  for (const [name, wanted] of rows) {
    test(`makes "${wanted}" of "${name}"`, () => assert.equal(normaliseServerName(name), wanted));
  }
});

describe("wildcardOf()", () => {
  const rows: readonly (readonly [string, string | null])[] = [
    ["a.example", "*.example"],
    ["a.b.example", "*.b.example"],
    ["*.example", "*.example"],
    ["localhost", null],
    [".example", null],
    ["a.", null],
    ["", null],
  ];
  for (const [name, wanted] of rows) {
    test(`makes ${wanted === null ? "nothing" : `"${wanted}"`} of "${name}"`, () =>
      assert.equal(wildcardOf(name), wanted));
  }
});
