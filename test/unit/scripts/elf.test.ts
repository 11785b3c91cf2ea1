import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { describe, test } from "node:test";
import { neededLibraries } from "../../../scripts/elf.ts";

describe("neededLibraries()", () => {
  test("names the libraries of a dynamic executable", { skip: process.platform !== "linux" }, () => {
    const names = neededLibraries(readFileSync(process.execPath));
    assert.ok(names.some((name) => /^libc\.(so|musl)/.test(name)), names.join(", "));
    for (const name of names) assert.match(name, /^[\w.+-]+$/);
  });

  const rows: readonly (readonly [name: string, bytes: Uint8Array])[] = [
    ["an empty file", new Uint8Array()],
    ["a text", new TextEncoder().encode("#!/bin/sh\n".repeat(20))],
    ["a 32-bit executable", Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 1, 1, ...new Array<number>(100).fill(0)])],
  ];
  for (const [name, bytes] of rows) {
    test(`refuses ${name}`, () => {
      assert.throws(() => neededLibraries(bytes), {
        name: "SyntaxError",
        message: "cannot read the executable: not a 64-bit little-endian ELF file",
      });
    });
  }

  test("finds none in a file without a dynamic section", () => {
    const bytes = new Uint8Array(64);
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
    assert.deepEqual(neededLibraries(bytes), []);
  });
});
