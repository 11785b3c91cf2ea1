import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { runtime } from "../../../src/runtime/mod.ts";

describe("runtime()", () => {
  it("knows what it runs on", () => {
    const { name, version, standalone, residentBytes } = runtime();
    assert.equal(name, "Deno" in globalThis ? "deno" : "bun");
    assert.match(version, /^\d+\.\d+\.\d+/);
    assert.equal(standalone, false);
    assert.ok(residentBytes() > 1e6);
  });

  it("tells how to start the program again", () => {
    const [program] = runtime().selfCommand();
    assert.ok(existsSync(program!));
  });

  it("hands signals to a listener until it is taken away", async () => {
    let count = 0;
    // On Deno, waiting for a signal alone does not keep the process from ending.
    const alive = setInterval(() => {}, 1000);
    // Keeps the process: without any listener the signal would end it.
    const keep = runtime().onSignal("SIGHUP", () => {});
    await new Promise<void>((resolve) => {
      const stop = runtime().onSignal("SIGHUP", () => {
        count++;
        stop();
        resolve();
      });
      process.kill(process.pid, "SIGHUP");
    });
    await new Promise<void>((resolve) => {
      const stop = runtime().onSignal("SIGHUP", () => (stop(), resolve()));
      process.kill(process.pid, "SIGHUP");
    });
    keep();
    clearInterval(alive);
    assert.equal(count, 1);
  });
});
