import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { ManualClock } from "../../src/observe/mod.ts";
import { Opened } from "../support/opened.ts";
import { TestFront } from "../support/wire.ts";

const MIB = 1 << 20;
/** The system's buffers of both sides take some 10 MiB. */
const SIZE = 96 * MIB;
const PART = 10 * MIB;
const SEND_TIMEOUT_MS = 60_000;
/** node:net of Deno tells of a write only when all of it is out. */
const TELLS_PROGRESS = "Bun" in globalThis;

const opened = new Opened();

/** A front whose answers are so large, and a client that has asked for one and does not read. */
async function setUp(bytes: number): Promise<{ clock: ManualClock; front: TestFront; client: Socket }> {
  const clock = new ManualClock();
  const body = new Uint8Array(bytes);
  const front = opened.keep(
    await TestFront.open({
      clock,
      wire: { sendTimeoutMs: SEND_TIMEOUT_MS },
      request: (exchange) => exchange.answer({ status: 200, body }),
    }),
  );
  const client = connect(front.port, "127.0.0.1");
  client.on("error", () => {});
  client.pause();
  await once(client, "connect");
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await front.end(0);
  return { clock, front, client };
}

/** Reads on until so many bytes came, or the connection closed. */
async function read(client: Socket, bytes: number): Promise<number> {
  let read = 0;
  await new Promise<void>((done) => {
    const take = (chunk: Uint8Array): void => {
      read += chunk.length;
      if (read < bytes) return;
      client.off("data", take);
      client.pause();
      done();
    };
    client.on("data", take);
    client.once("close", () => done());
    client.resume();
  });
  return read;
}

describe("a client that reads slowly", () => {
  it("gets all of a response as long as it takes something before each send timeout", {
    skip: TELLS_PROGRESS ? false : "progress of a write is not told",
  }, async () => {
    const { clock, client } = await setUp(SIZE);
    let received = 0;
    for (let i = 0; i < 5; i++) {
      received += await read(client, PART);
      clock.advance(SEND_TIMEOUT_MS - 5_000);
    }
    received += await read(client, SIZE - received);
    assert.ok(received > SIZE);
    client.destroy();
  });

  it("is reset when it takes nothing for the send timeout", async () => {
    const { clock, client } = await setUp(SIZE);
    clock.advance(SEND_TIMEOUT_MS - 5_000);
    assert.ok(await read(client, 1) > 0);
    clock.advance(2 * SEND_TIMEOUT_MS);
    clock.advance(2 * SEND_TIMEOUT_MS);
    assert.ok(await read(client, SIZE) < SIZE);
  });

  it("has less time while very much waits for all clients together", async () => {
    const { clock, client } = await setUp(200 * MIB);
    for (let i = 0; i < 2; i++) clock.advance(7_000);
    assert.ok(await read(client, 200 * MIB) < 200 * MIB);
  });
});
