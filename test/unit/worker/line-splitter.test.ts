import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { lineSplitter } from "../../../src/worker/line-splitter.ts";

test("lineSplitter() gives the same lines however the bytes arrive", () => {
  const text = 'first\n\n{"é":"😀"}\nlast\nbegun';
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size++) {
    const lines: string[] = [];
    const read = lineSplitter((line) => lines.push(line));
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
    assert.deepEqual(lines, ["first", "", '{"é":"😀"}', "last"], `${size} bytes at a time`);
  }
});
