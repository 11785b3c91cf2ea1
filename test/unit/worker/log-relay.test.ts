import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { LogRelay } from "../../../src/worker/log-relay.ts";

/** A relay to a stream that takes what it gets when it is told to. */
function stage() {
  const lines: string[] = [];
  const reading: boolean[] = [];
  let text = "";
  let answer: { resolve(): void; reject(error: Error): void } | undefined;
  const log = (message: string): void => void lines.push(message);
  const relay = new LogRelay({
    sink: (bytes) => {
      text += Buffer.from(bytes).toString();
      return new Promise<void>((resolve, reject) => answer = { resolve, reject });
    },
    logger: { debug: log, info: log, warning: log, error: log },
    pause: (on) => void reading.push(on),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    relay,
    lines,
    reading,
    text: () => text,
    take: async () => (answer!.resolve(), await settled()),
    fail: async () => (answer!.reject(new Error("gone")), await settled()),
  };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("LogRelay", () => {
  it("writes whole lines, whatever pieces they come in", async () => {
    const { relay, text, take } = stage();
    const [a, b] = [relay.source(), relay.source()];
    a(bytes("a1 "));
    b(bytes("b1\nb2 "));
    a(bytes("more\na2"));
    b(bytes("more\n"));
    a(bytes("\n"));
    await take();
    await take();
    assert.equal(text(), "b1\na1 more\nb2 more\na2\n");
  });

  it("ends the line of a source that ends in the middle of it", async () => {
    const { relay, text, take } = stage();
    const [a, b] = [relay.source(), relay.source()];
    a(bytes("cut"));
    a();
    b(bytes("b\n"));
    a();
    await take();
    await take();
    assert.equal(text(), "cut\nb\n");
  });

  it("has sources wait while too much waits to be taken", async () => {
    const { relay, reading, take } = stage();
    const source = relay.source();
    const line = bytes(`${"x".repeat(400_000)}\n`);
    for (let i = 0; i < 4; i++) source(line);
    assert.deepEqual(reading, [false]);
    assert.ok(relay.full);
    await take();
    await take();
    assert.deepEqual(reading, [false, true]);
    assert.ok(!relay.full);
  });

  it("flushes what there is, but not for ever", async () => {
    const { relay, take } = stage();
    await relay.flush(60_000);
    relay.source()(bytes("a\n"));
    await relay.flush(1);
    const flushed = relay.flush(60_000);
    await take();
    await flushed;
  });

  it("says once that nothing can be written, and goes on when it can", async () => {
    const { relay, lines, text, take, fail } = stage();
    const source = relay.source();
    source(bytes("1\n"));
    await fail();
    source(bytes("2\n"));
    await fail();
    source(bytes("3\n"));
    await take();
    assert.deepEqual(lines, ["cannot write the access log"]);
    assert.equal(text(), "1\n2\n3\n");
  });
});
