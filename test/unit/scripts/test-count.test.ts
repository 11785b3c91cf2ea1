import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { countOf } from "../../../scripts/test-count.ts";

describe("countOf()", () => {
  const rows: readonly (readonly [
    name: string,
    program: "bun" | "deno" | "cases",
    output: string,
    wanted: readonly [number, number, number] | null,
  ])[] = [
    ["a run of Bun", "bun", "(pass) x [1ms]\n\n 38 pass\n 0 fail\nRan 38 tests across 3 files. [1s]\n", [38, 0, 0]],
    ["skipped and failed tests of Bun", "bun", " 3 pass\n 1 skip\n 2 todo\n 4 fail\n", [3, 4, 3]],
    ["a run of Bun that ended early", "bun", "panic\n", null],
    ["a run of Deno", "deno", "x ... ok\n\nok | 4 passed (32 steps) | 0 failed (3s)\n", [36, 0, 0]],
    ["a failed run of Deno", "deno", "\nFAILED | 1 passed (1 step) | 1 failed (2 steps) | 3 ignored (1s)\n", [2, 3, 3]],
    ["a run of Deno that ended early", "deno", "error: Uncaught\n", null],
    ["cases", "cases", "FAIL x\n12 passed, 1 failed, 2 skipped\n", [12, 1, 2]],
    ["cases that could not be run", "cases", "cannot execute x\n", null],
  ];
  for (const [name, program, output, wanted] of rows) {
    test(`reads ${name}`, () => {
      const [passed, failed, skipped] = wanted ?? [];
      assert.deepEqual(countOf(program, output), wanted === null ? null : { passed, failed, skipped });
    });
  }
});
