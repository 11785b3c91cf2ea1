import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../../src/observe/clock.ts";
import { lineSink } from "../../../src/observe/stderr.ts";
import { createLogger, type LoggerOptions } from "../../../src/observe/text-logger.ts";

function logged(options: Partial<LoggerOptions>, run: (logger: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = [];
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
  run(createLogger({ format: "text", level: "info", clock, write: (line) => lines.push(line), ...options }));
  return lines;
}

describe("createLogger()", () => {
  it("writes time, level, message and fields as text", () => {
    const lines = logged(
      {},
      (l) => l.info("applied", { hosts: 3, ms: 1.5, file: "a.yaml:3:1", first: true, no: undefined }),
    );
    assert.deepEqual(lines, ["2026-01-02T03:04:05.006Z INFO  applied hosts=3 ms=1.5 file=a.yaml:3:1 first=true\n"]);
  });

  it("quotes text values that a reader could not split, and empty ones", () => {
    const lines = logged({}, (l) => l.warning("w", { a: "two words", b: 'q"q', c: "", d: "a=b" }));
    assert.equal(lines[0], '2026-01-02T03:04:05.006Z WARN  w a="two words" b="q\\"q" c="" d="a=b"\n');
  });

  it("lets no value forge a line or move the cursor", () => {
    const hostile = "x\n2026 ERROR forged\u001b[2J\u009b1m\u2028y\u007f";
    for (const format of ["text", "json"] as const) {
      const [line] = logged({ format }, (l) => l.info("m", { hostile }));
      assert.equal(line!.indexOf("\n"), line!.length - 1, format);
      assert.ok(!line!.includes("\u001b"), format);
    }
    const [text] = logged({}, (l) => l.info("m\n\u009bx", { hostile }));
    // deno-lint-ignore no-control-regex
    assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/.test(text!));
  });

  it("writes one JSON object a line, in which no field replaces time, level or message", () => {
    const [line] = logged({ format: "json" }, (l) => l.error("m", { level: "fake", time: 1, message: "x", a: null }));
    assert.deepEqual(JSON.parse(line!), { time: "2026-01-02T03:04:05.006Z", level: "error", message: "m", a: null });
  });

  it("leaves out lines below its level", () => {
    const all = (l: ReturnType<typeof createLogger>): void => {
      for (const level of ["debug", "info", "warning", "error"] as const) l[level](level);
    };
    assert.equal(logged({ level: "debug" }, all).length, 4);
    assert.equal(logged({ level: "warning" }, all).length, 2);
    assert.equal(logged({ level: "error" }, all).length, 1);
  });
});

describe("lineSink()", () => {
  it("drops what is not read, bounded, and tells how much was lost", async () => {
    const written: string[] = [];
    const callbacks: (() => void)[] = [];
    const sink = lineSink({ write: (text, done) => (written.push(text), callbacks.push(done)) }, 100);
    for (let i = 0; i < 50; i++) sink.write("123456789\n");
    assert.equal(written.length, 10);
    const flushed = sink.flush(60_000);
    while (callbacks.length > 0) callbacks.shift()!();
    await flushed;
    assert.equal(written.at(-1), "40 log lines lost: standard error was not read\n");
    sink.write("again\n");
    assert.equal(written.at(-1), "again\n");
  });

  it("flush() gives up after its limit", async () => {
    const sink = lineSink({ write: () => {} });
    sink.write("never taken\n");
    await sink.flush(1);
  });

  it("flush() has nothing to wait for when all is written", async () => {
    const sink = lineSink({ write: (_text, done) => done() });
    sink.write("taken\n");
    await sink.flush(60_000);
  });
});
