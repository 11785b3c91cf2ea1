import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { type ClientHello, ClientHelloReader } from "../../src/net/mod.ts";
import { clientHello, GREASE, inRecords } from "../support/client-hello.ts";
import { type Random, random } from "../support/random.ts";

const ROUNDS = 2_000;

function extensions(next: Random): (readonly [number, Uint8Array])[] {
  return Array.from({ length: next(5) }, () => [
    next(3) === 0 ? next.of(GREASE) : 1 + next(60_000),
    Buffer.alloc(next(4) === 0 ? next(3_000) : next(20), next(256)),
  ]);
}

function name(next: Random): string | null {
  if (next(5) === 0) return null;
  return Array.from({ length: 1 + next(4) }, () => "abcXYZ-_019".repeat(2).slice(next(9), 10 + next(9))).join(".");
}

function message(next: Random, serverName: string | null): Buffer {
  return clientHello({
    serverName,
    before: extensions(next),
    after: extensions(next),
    sessionId: Buffer.alloc(next(33)),
  });
}

function readInPieces(bytes: Uint8Array, next: Random): { outcome: ClientHello; reader: ClientHelloReader } {
  const reader = new ClientHelloReader();
  const most = next.of([1, 5, 100, 5_000]);
  let outcome: ClientHello = { kind: "incomplete" };
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + 1 + next(most));
    const before: ClientHello = outcome;
    outcome = reader.push(piece);
    if (before.kind !== "incomplete") assert.deepEqual(outcome, before);
    at += piece.length;
  }
  return { outcome, reader };
}

describe("ClientHelloReader", () => {
  it("finds the name however a message is cut into records and pieces", () => {
    const next = random(8446);
    for (let round = 0; round < ROUNDS; round++) {
      const serverName = name(next);
      const most = next.of([40, 300, 16_384]);
      const bytes = inRecords(message(next, serverName), () => 1 + next(most));
      const { outcome, reader } = readInPieces(bytes, next);
      assert.deepEqual(outcome, { kind: "hello", serverName }, `round ${round}`);
      assert.deepEqual(Buffer.from(reader.bytes), bytes, `round ${round}`);
    }
  });

  it("comes to the same in one piece and in many, whatever is broken, and never throws", () => {
    const next = random(8701);
    const kinds = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const plain = message(next, name(next));
      // in the message, or in its records
      if (next(2) === 0) plain[next(plain.length)] = next(256);
      const whole = inRecords(plain, () => 1 + next(next.of([40, 16_384])));
      if (next(2) === 0) whole[next(Math.min(whole.length, 120))] = next(256);
      const bytes = whole.subarray(0, next(3) === 0 ? next(whole.length) : whole.length);
      const outcome = new ClientHelloReader().push(bytes);
      kinds.add(outcome.kind);
      assert.deepEqual(readInPieces(bytes, next).outcome, outcome, `round ${round}`);
    }
    assert.deepEqual([...kinds].sort(), ["hello", "incomplete", "invalid"]);
  });
});
