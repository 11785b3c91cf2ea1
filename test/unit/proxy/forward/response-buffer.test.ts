import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readlinkSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import {
  type BufferLimits,
  ResponseBuffer,
  type ResponseBufferOwner,
} from "../../../../src/proxy/forward/response-buffer.ts";
import { countUnnamed } from "../../../../src/proxy/unnamed-file.ts";

/** A client that takes as many writes as it is given leave for, and a producer that hears when to go on. */
class Ends implements ResponseBufferOwner {
  readonly got: Buffer[] = [];
  leave = 0;
  room = 0;
  empty = 0;
  readonly errors: unknown[] = [];
  #waiters: (() => void)[] = [];

  bufferWrite(bytes: Uint8Array, start: number, end: number): boolean {
    this.got.push(Buffer.from(bytes.subarray(start, end)));
    this.#wake();
    return --this.leave > 0;
  }

  bufferFlush(): void {}

  bufferRoom(): void {
    this.room++;
    this.#wake();
  }

  bufferEmpty(): void {
    this.empty++;
    this.#wake();
  }

  bufferFileFailed(error: Error): void {
    this.errors.push(error);
  }

  bufferFailed(error: unknown): void {
    this.errors.push(error);
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.got);
  }
}

/** Each place has a byte that tells it. */
function numbered(bytes: number, from = 0): Buffer {
  const all = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) all[i] = (from + i) * 31 + ((from + i) >> 8);
  return all;
}

function make(limits: BufferLimits, blocked = true): { ends: Ends; buffer: ResponseBuffer } {
  const ends = new Ends();
  return { ends, buffer: new ResponseBuffer(ends, limits, blocked) };
}

/** Adds parts until there is no room; gives their bytes. */
function fill(buffer: ResponseBuffer, part: number, limit: number): number {
  let sent = 0;
  while (sent < limit) {
    const more = buffer.add(numbered(part, sent), 0, part);
    sent += part;
    if (!more) break;
  }
  return sent;
}

/** Lets the client take everything, bit by bit. */
async function drain(ends: Ends, buffer: ResponseBuffer, bytes: number): Promise<void> {
  let had = ends.bytes.length;
  while (had < bytes) {
    ends.leave = 1;
    buffer.drained();
    await ends.until(() => ends.errors.length > 0 || ends.bytes.length > had);
    had = ends.bytes.length;
  }
}

/** Files of a buffer that this process has open. */
function openFiles(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return /\/sallyport-[0-9a-f]{24}/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;
}

async function noOpenFiles(): Promise<void> {
  for (let i = 0; i < 400 && openFiles() + countUnnamed() > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.deepEqual([openFiles(), countUnnamed()], [0, 0]);
}

describe("a response's buffer", () => {
  it("hands everything on at once while the client keeps up", () => {
    const { ends, buffer } = make({ memoryBytes: 10, fileBytes: 0 }, false);
    ends.leave = Infinity;
    for (let i = 0; i < 100; i++) assert.equal(buffer.add(numbered(100, i * 100), 0, 100), true);
    assert.deepEqual(ends.bytes, numbered(10_000));
    assert.equal(buffer.empty, true);
  });

  it("without a file has no room beyond its memory, and has room again once the client took something", () => {
    const { ends, buffer } = make({ memoryBytes: 10_000, fileBytes: 0 });
    assert.equal(fill(buffer, 1000, 1e9), 11_000);
    assert.equal(ends.room, 0);
    ends.leave = 2;
    buffer.drained();
    assert.equal(ends.room, 1);
    ends.leave = Infinity;
    buffer.drained();
    assert.deepEqual(ends.bytes, numbered(11_000));
    assert.deepEqual([ends.empty, ends.room, ends.errors.length], [1, 1, 0]);
  });

  it("with a file keeps as much more, in order, and has room again once that was taken", async () => {
    const { ends, buffer } = make({ memoryBytes: 10_000, fileBytes: 1_000_000 });
    let sent = 0;
    for (let rooms = 0;; rooms++) {
      while (buffer.add(numbered(7000, sent), 0, 7000)) {
        sent += 7000;
        assert.ok(sent < 3_000_000, "bounded");
      }
      sent += 7000;
      if (sent > 980_000) break;
      await ends.until(() => ends.room > rooms);
    }
    assert.ok(sent < 1_000_000 + 2 * (10_000 + 262_144), `${sent}`);
    await drain(ends, buffer, sent);
    assert.ok(ends.bytes.equals(numbered(sent)));
    assert.equal(buffer.empty, true);
    buffer.discard();
    await noOpenFiles();
  });

  it("uses the file again from its start once that was read", async () => {
    const { ends, buffer } = make({ memoryBytes: 1000, fileBytes: 100_000 });
    let sent = 0;
    for (let round = 0; round < 5; round++) {
      const more = round + 1;
      while (sent < more * 90_000) {
        const { room } = ends;
        const part = numbered(9000, sent);
        sent += part.length;
        if (!buffer.add(part, 0, part.length)) await ends.until(() => ends.room > room);
      }
      await drain(ends, buffer, sent);
    }
    assert.ok(ends.bytes.equals(numbered(sent)));
    buffer.discard();
    await noOpenFiles();
  });

  it("closes its file whenever it is thrown away", async () => {
    for (let turns = 0; turns < 12; turns++) {
      const { ends, buffer } = make({ memoryBytes: 1000, fileBytes: 1e9 });
      for (let i = 0; i < 20; i++) buffer.add(numbered(50_000), 0, 50_000);
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      ends.leave = 2;
      if (turns % 2 > 0) buffer.drained();
      buffer.discard();
      const { length } = ends.got;
      await noOpenFiles();
      buffer.drained();
      assert.equal(ends.got.length, length);
      assert.equal(ends.empty, 0);
    }
  });

  it("goes without a file where there can be none, and tells", async () => {
    const { TMPDIR } = process.env;
    process.env.TMPDIR = "/nowhere/at/all";
    try {
      const { ends, buffer } = make({ memoryBytes: 10_000, fileBytes: 1e9 });
      const sent = fill(buffer, 7000, 14_000);
      while (ends.errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(buffer.add(numbered(7000, sent), 0, 7000), false);
      ends.leave = Infinity;
      buffer.drained();
      assert.ok(ends.bytes.equals(numbered(sent + 7000)));
      assert.deepEqual([ends.empty, ends.room, ends.errors.length], [1, 1, 1]);
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  });

  it("ends the exchange when the client's side throws after a read", async () => {
    const { ends, buffer } = make({ memoryBytes: 1000, fileBytes: 1e9 });
    buffer.add(numbered(50_000), 0, 50_000);
    ends.leave = 1;
    // what has been written to the file is read from it
    for (let i = 0; i < 400 && openFiles() === 0; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    ends.bufferWrite = () => {
      throw new Error("on purpose");
    };
    buffer.drained();
    await ends.until(() => ends.errors.length > 0);
    assert.match(String(ends.errors[0]), /on purpose/);
    await noOpenFiles();
  });
});
