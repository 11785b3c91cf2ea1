import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatAuthority, hostOf } from "../../../src/net/mod.ts";

test("formatAuthority() puts IPv6 into brackets, and a port behind", () => {
  assert.equal(formatAuthority("::1", 80), "[::1]:80");
  assert.equal(formatAuthority("::1"), "[::1]");
  assert.equal(formatAuthority("a.example", 8080), "a.example:8080");
  assert.equal(formatAuthority("a.example"), "a.example");
});

describe("hostOf()", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["a.example", "a.example"],
    ["A.Example:80", "a.example"],
    ["a.example.:80", "a.example"],
    ["a.example..", "a.example."],
    ["[::1]:8080", "[::1]"],
    ["[::1", "[::1"],
    [".", "."],
    ["", ""],
  ];
  for (const [authority, host] of rows) {
    test(`"${authority}" is "${host}"`, () => assert.equal(hostOf(authority), host));
  }
});
