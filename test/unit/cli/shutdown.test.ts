import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSecondStop } from "../../../src/cli/shutdown.ts";

describe("isSecondStop()", () => {
  const rows = [
    ["a terminal's SIGINT, and SIGTERM of the script that it ends, too", "SIGINT", "SIGTERM", 500, false],
    ["SIGTERM to the process, and to its group", "SIGTERM", "SIGTERM", 1, false],
    ["Ctrl-C, and again", "SIGINT", "SIGINT", 150, true],
    ["SIGTERM after patience", "SIGINT", "SIGTERM", 1000, true],
  ] as const;
  for (const [name, first, next, laterMs, expected] of rows) {
    test(`says ${expected} to ${name}`, () => {
      assert.equal(isSecondStop({ signal: first, atMs: 5000 }, { signal: next, atMs: 5000 + laterMs }), expected);
    });
  }
});
