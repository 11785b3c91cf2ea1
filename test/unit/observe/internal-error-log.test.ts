import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLogger, InternalErrorLog, ManualClock } from "../../../src/observe/mod.ts";

function start(): { errors: InternalErrorLog; clock: ManualClock; lines: Record<string, unknown>[] } {
  const clock = new ManualClock();
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ level: "info", format: "json", write: (line) => lines.push(JSON.parse(line)) });
  return { errors: new InternalErrorLog(logger, clock), clock, lines };
}

function broken(message: string): Error {
  return new Error(message);
}

describe("InternalErrorLog", () => {
  test("logs an error with its stack and where it was thrown", () => {
    const { errors, lines } = start();
    errors.report(broken("first"), "exchange");
    const [line] = lines;
    assert.equal(line?.["message"], "internal error: please report it");
    assert.equal(line?.["where"], "exchange");
    assert.equal(line?.["cause"], "Error: first");
    assert.match(String(line?.["stack"]), /internal-error-log\.test\.ts/);
    assert.equal(line?.["leftOut"], undefined);
  });

  test("logs a kind once in a minute, with the number left out, and counts every error", () => {
    const { errors, clock, lines } = start();
    const error = broken("again");
    for (let i = 0; i < 5; i++) errors.report(error, "exchange");
    assert.equal(lines.length, 1);
    clock.advance(59_999);
    errors.report(error, "exchange");
    assert.equal(lines.length, 1);
    clock.advance(1);
    for (let i = 0; i < 2; i++) errors.report(error, "exchange");
    assert.equal(lines.length, 2);
    assert.equal(errors.count, 8);
  });

  test("tells apart messages, and places of the program", () => {
    const { errors, lines } = start();
    const error = broken("one");
    errors.report(error, "exchange");
    errors.report(error, "admin");
    errors.report(broken("two"), "exchange");
    errors.report("no Error at all", "exchange");
    assert.deepEqual(lines.map(({ cause, where }) => `${where}: ${cause}`), [
      "exchange: Error: one",
      "admin: Error: one",
      "exchange: Error: two",
      "exchange: no Error at all",
    ]);
  });

  test("keeps a bound of kinds, and forgets those of former minutes", () => {
    const { errors, clock, lines } = start();
    for (let i = 0; i < 500; i++) errors.report(broken(`kind ${i}`), "exchange");
    assert.equal(lines.length, 101);
    assert.equal(errors.count, 500);
    clock.advance(60_000);
    errors.report(broken("kind 499"), "exchange");
    assert.equal(lines.length, 102);
    assert.equal(lines[101]!["cause"], "Error: kind 499");
  });
});
