import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FailureLog, failuresTo, type LogValue, ManualClock, type RequestFailure } from "../../../src/observe/mod.ts";

const refused = (endpoint: string, path = "/"): RequestFailure => ({
  level: "error",
  message: "a request failed",
  status: 502,
  code: "upstream-refused",
  upstream: "default-app-80",
  endpoint,
  cause: "connection refused",
  host: "a.example",
  path,
  ingress: "default/app",
});

function start(): { log: FailureLog; clock: ManualClock; told: string[] } {
  const clock = new ManualClock();
  const told: string[] = [];
  const log = new FailureLog({
    clock,
    write: ({ endpoint, code }, leftOut) => told.push(`${code} ${endpoint} ${leftOut}`),
    writeOthers: (count) => told.push(`others ${count}`),
  });
  return { log, clock, told };
}

describe("FailureLog", () => {
  test("tells the first failure at once, and the number of those left out after ten seconds", () => {
    const { log, clock, told } = start();
    for (let i = 0; i < 5; i++) log.add(refused("10.0.0.1:80"), 1);
    assert.deepEqual(told, ["upstream-refused 10.0.0.1:80 0"]);
    clock.advance(9_999);
    assert.equal(told.length, 1);
    clock.advance(1);
    assert.deepEqual(told.slice(1), ["upstream-refused 10.0.0.1:80 4"]);
  });

  test("tells one line in ten seconds for as long as it goes on, and loses none", () => {
    const { log, clock, told } = start();
    for (let i = 0; i < 100; i++) {
      log.add(refused("10.0.0.1:80"), 1);
      clock.advance(1_000);
    }
    log.flush();
    assert.equal(told.length <= 11, true);
    const counts = told.map((line) => Number(line.split(" ")[2]) || 1);
    assert.equal(counts.reduce((a, b) => a + b), 100);
  });

  test("tells endpoints, codes and levels apart", () => {
    const { log, told } = start();
    log.add(refused("10.0.0.1:80"), 1);
    log.add(refused("10.0.0.2:80"), 1);
    log.add({ ...refused("10.0.0.1:80"), code: "upstream-timeout" }, 1);
    log.add({ ...refused("10.0.0.1:80"), level: "warning" }, 1);
    assert.equal(told.length, 4);
  });

  test("forgets what did not happen again, and then tells at once", () => {
    const { log, clock, told } = start();
    log.add(refused("10.0.0.1:80"), 1);
    clock.advance(10_000);
    assert.equal(log.size, 0);
    log.add(refused("10.0.0.1:80"), 1);
    assert.deepEqual(told, ["upstream-refused 10.0.0.1:80 0", "upstream-refused 10.0.0.1:80 0"]);
  });

  test("remembers a bounded number of kinds, and counts the rest", () => {
    const { log, clock, told } = start();
    for (let i = 0; i < 10_000; i++) log.add(refused(`10.0.0.1:${i}`), 1);
    assert.equal(log.size, 256);
    assert.equal(told.length, 256);
    clock.advance(10_000);
    assert.deepEqual(told.slice(256), ["others 9744"]);
    assert.equal(log.size, 0);
  });

  test("flush() tells what was left out", () => {
    const { log, told } = start();
    log.add(refused("10.0.0.1:80"), 3);
    log.flush();
    log.flush();
    assert.deepEqual(told, ["upstream-refused 10.0.0.1:80 0", "upstream-refused 10.0.0.1:80 2"]);
  });
});

test("failuresTo() leaves out what there is nothing to tell of", () => {
  const lines: [string, string, Readonly<Record<string, LogValue>> | undefined][] = [];
  const at = (level: string) => (message: string, fields?: Readonly<Record<string, LogValue>>) =>
    void lines.push([level, message, JSON.parse(JSON.stringify(fields))]);
  const { write } = failuresTo({ debug: at("debug"), info: at("info"), warning: at("warning"), error: at("error") });
  write(refused("10.0.0.1:80", "/p"), 0);
  write({ ...refused("10.0.0.1:80"), level: "warning", endpoint: "", ingress: "" }, 7);
  const { level: _, message, ...fields } = refused("10.0.0.1:80", "/p");
  assert.deepEqual(lines, [
    ["error", message, fields],
    ["warning", message, {
      status: 502,
      code: "upstream-refused",
      upstream: "default-app-80",
      cause: "connection refused",
      host: "a.example",
      path: "/",
      leftOut: 7,
    }],
  ]);
});
