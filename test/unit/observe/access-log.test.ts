import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { AccessLog, escapeDefault, escapeJson, fileSink, type Logger, ManualClock } from "../../../src/observe/mod.ts";

/** A sink whose writes end when the test says so. */
function heldSink(): { sink: (lines: Uint8Array) => Promise<void>; written: string[]; release(): void } {
  const written: string[] = [];
  let open: (() => void) | null = null;
  return {
    written,
    sink: (lines) => {
      written.push(Buffer.from(lines).toString("latin1"));
      return new Promise((done) => open = done);
    },
    release: () => open?.(),
  };
}

function recorder(): { logger: Logger; told: string[] } {
  const told: string[] = [];
  const tell: Logger["info"] = (message, fields) => void told.push(`${message} ${JSON.stringify(fields)}`);
  return { told, logger: { debug: tell, info: tell, warning: tell, error: tell } };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

describe("AccessLog", () => {
  it("writes after a second, or as soon as its buffer is full", () => {
    const clock = new ManualClock();
    const written: string[] = [];
    const sink = (lines: Uint8Array) => {
      written.push(Buffer.from(lines).toString());
      return Promise.resolve();
    };
    const log = new AccessLog({ sink, logger: recorder().logger, clock, bufferBytes: 10 });
    log.write("one");
    clock.advance(999);
    assert.deepEqual(written, []);
    clock.advance(1);
    assert.deepEqual(written, ["one\n"]);
  });

  it("writes a full buffer at once", () => {
    const { sink, written } = heldSink();
    const log = new AccessLog({ sink, logger: recorder().logger, clock: new ManualClock(), bufferBytes: 8 });
    log.write("one");
    log.write("two");
    assert.deepEqual(written, ["one\ntwo\n"]);
  });

  it("has one write in flight, and sends what came meanwhile as whole lines after it", async () => {
    const { sink, written, release } = heldSink();
    const log = new AccessLog({ sink, logger: recorder().logger, clock: new ManualClock(), bufferBytes: 4 });
    log.write("aaaa");
    log.write("bbbb");
    log.write("cccc");
    assert.deepEqual(written, ["aaaa\n"]);
    release();
    await turns();
    assert.deepEqual(written, ["aaaa\n", "bbbb\ncccc\n"]);
  });

  it("drops lines that nobody takes, and tells how many", async () => {
    const { sink, written, release } = heldSink();
    const { logger, told } = recorder();
    const clock = new ManualClock();
    const log = new AccessLog({ sink, logger, clock, bufferBytes: 4, maxWaitingBytes: 20 });
    for (let i = 0; i < 10; i++) log.write(`line${i}`);
    release();
    await turns();
    release();
    await turns();
    assert.deepEqual(written.join("").split("\n").filter(Boolean), ["line0", "line1", "line2", "line3"]);
    assert.deepEqual(told, ['access log lines lost: they were not taken in time, or could not be written {"lines":6}']);
  });

  it("is paused between the lines so far and those that come", async () => {
    const { sink, written, release } = heldSink();
    const log = new AccessLog({ sink, logger: recorder().logger, clock: new ManualClock(), bufferBytes: 4 });
    log.write("aaaa");
    log.write("b");
    let over = (): void => {};
    const paused = log.pause(() => {
      written.push("pause");
      return new Promise((done) => over = done);
    });
    log.write("cccc");
    release();
    await turns();
    assert.deepEqual(written, ["aaaa\n", "b\n"]);
    release();
    await turns();
    assert.deepEqual(written, ["aaaa\n", "b\n", "pause"]);
    over();
    await paused;
    await turns();
    assert.deepEqual(written, ["aaaa\n", "b\n", "pause", "cccc\n"]);
    release();
    await log.flush();
  });

  it("flushes everything for a shutdown", async () => {
    const written: string[] = [];
    const sink = async (lines: Uint8Array): Promise<void> => {
      await turns();
      written.push(Buffer.from(lines).toString());
    };
    const log = new AccessLog({ sink, logger: recorder().logger, clock: new ManualClock(), bufferBytes: 4 });
    log.write("aaaa");
    log.write("b");
    await log.flush();
    assert.equal(written.join(""), "aaaa\nb\n");
    await log.flush();
  });

  it("goes on after a write that failed, tells it once, and in the end how much was lost", async () => {
    const { logger, told } = recorder();
    let full = true;
    const sink = () => full ? Promise.reject(new Error("disk full")) : Promise.resolve();
    const log = new AccessLog({ sink, logger, clock: new ManualClock(), bufferBytes: 1 });
    log.write("a");
    await log.flush();
    log.write("b");
    await log.flush();
    assert.deepEqual(told, ['cannot write the access log {"cause":"disk full"}']);
    full = false;
    log.write("c");
    await log.flush();
    assert.match(told[1]!, /^access log lines lost: .* \{"lines":2\}$/);
  });
});

describe("fileSink", () => {
  it("appends, and opens the file anew after it was moved away", async () => {
    const folder = await mkdtemp(join(tmpdir(), "access-log-"));
    const path = join(folder, "access.log");
    let now = 0;
    const sink = fileSink(path, () => now);
    try {
      await sink(Buffer.from("one\n"));
      await rename(path, `${path}.1`);
      now += 10_000;
      await sink(Buffer.from("two\n"));
      assert.equal(await readFile(`${path}.1`, "utf8"), "one\n");
      assert.equal(await readFile(path, "utf8"), "two\n");
    } finally {
      await sink.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe("fileSink.reopen()", () => {
  it("makes the file at once, and keeps the former one when it cannot", async () => {
    const folder = await mkdtemp(join(tmpdir(), "access-log-"));
    const path = join(folder, "logs", "access.log");
    await mkdir(join(folder, "logs"));
    const sink = fileSink(path, () => 0);
    try {
      await sink(Buffer.from("one\n"));
      await rename(join(folder, "logs"), join(folder, "old"));
      await assert.rejects(sink.reopen(), { code: "ENOENT" });
      await sink(Buffer.from("two\n"));
      await mkdir(join(folder, "logs"));
      await sink.reopen();
      assert.equal(await readFile(path, "utf8"), "");
      await sink(Buffer.from("three\n"));
      assert.equal(await readFile(path, "utf8"), "three\n");
      assert.equal(await readFile(join(folder, "old", "access.log"), "utf8"), "one\ntwo\n");
    } finally {
      await sink.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe("escapes", () => {
  const rows: readonly (readonly [value: string, plain: string, json: string])[] = [
    ["/a?b=c", "/a?b=c", "/a?b=c"],
    ['say "hi" \\', "say \\x22hi\\x22 \\x5C", 'say \\"hi\\" \\\\'],
    ["a\r\nb\tc", "a\\x0D\\x0Ab\\x09c", "a\\r\\nb\\tc"],
    ["\x01\x1b[31m", "\\x01\\x1B[31m", "\\u0001\\u001B[31m"],
    ["caf\u00c3\u00a9\x7f", "caf\\xC3\\xA9\\x7F", "caf\u00c3\u00a9\x7f"],
  ];
  for (const [value, plain, json] of rows) {
    it(`make ${JSON.stringify(value)} harmless`, () => {
      assert.equal(escapeDefault(value), plain);
      assert.equal(escapeJson(value), json);
    });
  }
});
