import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatAuthority, hostOf, parseAuthority } from "../../../src/net/mod.ts";

describe("parseAuthority()", () => {
  const rows: readonly (readonly [string, string | undefined, (number | undefined)?])[] = [
    ["a.example", "a.example"],
    ["A.example:8080", "A.example", 8080],
    ["[::1]:80", "::1", 80],
    ["[2001:db8::1]", "2001:db8::1"],
    ["a.example:", "a.example"],
    ["a.example:70000", undefined],
    ["a.example:8x", undefined],
    ["::1", undefined],
    ["[::1", undefined],
    ["[::1]x", undefined],
    ["[1.2.3.4]", undefined],
    ["user@a.example", undefined],
    ["a b", undefined],
    ["a/b", undefined],
    ["", undefined],
    [":80", undefined],
  ];
  for (const [text, host, port] of rows) {
    test(`"${text}"`, () => assert.deepEqual(parseAuthority(text), host === undefined ? undefined : { host, port }));
  }
  test("reads back what formatAuthority() writes", () => {
    assert.deepEqual(parseAuthority(formatAuthority("::1", 80)), { host: "::1", port: 80 });
    assert.deepEqual(parseAuthority(formatAuthority("a.example")), { host: "a.example", port: undefined });
  });
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
