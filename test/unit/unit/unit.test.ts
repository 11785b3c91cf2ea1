import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  nearest,
  parseBoolean,
  parseByteSize,
  parseDuration,
  parseGoDuration,
  parseInteger,
} from "../../../src/unit/mod.ts";

function table<T>(
  name: string,
  parse: (text: string) => T | undefined,
  rows: readonly (readonly [string, T | undefined])[],
): void {
  describe(name, () => {
    for (const [text, expected] of rows) {
      test(`${name}("${text}") is ${expected}`, () => assert.equal(parse(text), expected));
    }
  });
}

table("parseBoolean", parseBoolean, [
  ["1", true],
  ["t", true],
  ["TRUE", true],
  ["True", true],
  ["0", false],
  ["F", false],
  ["False", false],
  ["yes", undefined],
  ["tRUE", undefined],
  ["", undefined],
  [" true", undefined],
]);

table("parseByteSize", parseByteSize, [
  ["500M", 524288000],
  ["8k", 8192],
  ["0", 0],
  ["1g", 1073741824],
  ["17", 17],
  ["1t", undefined],
  ["-1k", undefined],
  ["1.5m", undefined],
  ["k", undefined],
  ["", undefined],
  ["999999999999999g", undefined],
]);

table("parseDuration", parseDuration, [
  ["10s", 10000],
  ["60", 60000],
  ["500ms", 500],
  ["1h 30m", 5400000],
  ["1h30m", 5400000],
  ["1m30", 90000],
  ["1M", 2592000000],
  ["1y1d", 31622400000],
  ["30 5", undefined],
  ["1s1m", undefined],
  ["1s1s", undefined],
  ["1.5h", undefined],
  ["-1s", undefined],
  ["1s ", undefined],
  ["", undefined],
  ["s", undefined],
]);

table("parseGoDuration", parseGoDuration, [
  ["1m30s", 90000],
  ["1.5h", 5400000],
  ["250us", 0],
  ["0", 0],
  [".5s", 500],
  ["10", undefined],
  ["-1s", undefined],
  ["1d", undefined],
  ["", undefined],
]);

table("parseInteger", parseInteger, [
  ["42", 42],
  ["-0", 0],
  ["+7", 7],
  ["0x10", undefined],
  ["4 ", undefined],
  ["1e3", undefined],
  ["99999999999999999999", undefined],
]);

describe("nearest()", () => {
  const names = ["rewrite-target", "use-regex", "server-alias", "ssl-redirect"];
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["rewrite-targt", "rewrite-target"],
    ["rewrite-taregt", "rewrite-target"],
    ["use-rexeg", "use-regex"],
    ["ssl-redirects", "ssl-redirect"],
    ["entirely-different", undefined],
    ["", undefined],
    ["x".repeat(5000), undefined],
  ];
  for (const [text, expected] of rows) {
    test(`"${text.slice(0, 20)}"`, () => assert.equal(nearest(text, names), expected));
  }
});
