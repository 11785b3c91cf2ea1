/**
 * The program with one thing more: at SIGUSR2 it collects garbage, and writes what is left on its heap to the file that
 * the variable LEAK_REPORT names. For leak.ts.
 */
import { renameSync, writeFileSync } from "node:fs";
import process from "node:process";
import { heapStats } from "bun:jsc";
import { main } from "../../src/cli/main.ts";

process.on("SIGUSR2", () => {
  for (let i = 0; i < 3; i++) Bun.gc(true);
  const { heapSize, objectCount, objectTypeCounts } = heapStats();
  const file = process.env["LEAK_REPORT"]!;
  writeFileSync(`${file}.new`, JSON.stringify({ heapSize, objectCount, objectTypeCounts }));
  renameSync(`${file}.new`, file);
});
void main(process.argv.slice(2)).then((code) => process.exit(code));
