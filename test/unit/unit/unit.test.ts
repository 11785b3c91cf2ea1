import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  formatByteSize,
  formatDuration,
  formatRatio,
  parseBoolean,
  parseByteSize,
  parseDuration,
  parseGoDuration,
  parseInteger,
  parseQuantity,
  parseRatio,
  parseSeconds,
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

table("parseQuantity", parseQuantity, [
  ["64Mi", 67108864],
  ["1.5G", 1500000000],
  ["100", 100],
  ["0.1", 1],
  ["1e3", undefined],
  ["-1", undefined],
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

table("parseSeconds", parseSeconds, [["75", 75000], ["-1", undefined], ["5s", undefined]]);
table("parseRatio", parseRatio, [["0.25", 0.25], ["25%", 0.25], ["1", 1], ["1.01", undefined], ["x", undefined], [
  "",
  undefined,
]]);

test("parse reads back what format wrote", () => {
  for (const bytes of [0, 1, 1023, 1024, 8192, 524288000, 1073741824, 1073741825]) {
    assert.equal(parseByteSize(formatByteSize(bytes)), bytes);
  }
  for (const ms of [0, 1, 999, 1000, 61001, 3600000, 5400000, 90000000, 31536000000]) {
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }
  for (const ratio of [0, 1, 0.5, 0.01, 1 / 3, 1e-7]) assert.equal(parseRatio(formatRatio(ratio)), ratio);
});

test("format refuses what no text stands for", () => {
  assert.throws(() => formatByteSize(-1), RangeError);
  assert.throws(() => formatDuration(0.5), RangeError);
  assert.throws(() => formatRatio(2), RangeError);
});
