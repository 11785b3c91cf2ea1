import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { HeldBytes } from "../../../src/proxy/held-bytes.ts";

/** Bytes of all buffers that the parts keep alive. */
function retained(held: HeldBytes): number {
  return [...new Set(held.parts.map((part) => part.buffer))].reduce((sum, buffer) => sum + buffer.byteLength, 0);
}

test("bytes that come one by one, each in a large buffer, cost a few times their number", () => {
  const held = new HeldBytes();
  for (let i = 0; i < 65_536; i++) held.add(new Uint8Array(16_384).subarray(i % 16_384, i % 16_384 + 1).fill(i));
  assert.equal(held.bytes, 65_536);
  assert.ok(held.parts.length < 20, `${held.parts.length} parts`);
  assert.ok(retained(held) < 200_000, `${retained(held)} bytes`);
  assert.ok(Buffer.concat(held.take()).every((byte, i) => byte === i % 256));
  assert.ok(held.empty);
});

test("parts of every size come out as they went in", () => {
  const held = new HeldBytes();
  const all: Uint8Array[] = [];
  for (let i = 0; i < 300; i++) {
    const part = new Uint8Array(i * 37 % 9000).fill(i);
    all.push(part);
    held.add(part);
  }
  const out: Uint8Array[] = [];
  for (let part = held.shift(); part !== undefined; part = held.shift()) out.push(part);
  assert.ok(Buffer.concat(out).equals(Buffer.concat(all)));
  assert.equal(held.bytes, 0);
});

test("what was taken out does not change by what comes later", () => {
  const held = new HeldBytes();
  for (const text of ["a", "b", "c"]) held.add(Buffer.from(text));
  held.shift();
  const second = held.shift()!;
  held.add(Buffer.from("d"));
  assert.equal(Buffer.from(second).toString(), "bc");
});
