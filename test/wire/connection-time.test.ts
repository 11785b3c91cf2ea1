import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../src/observe/mod.ts";
import { Opened } from "../support/opened.ts";
import { TestFront } from "../support/wire.ts";

const opened = new Opened();

describe("a connection", () => {
  it("knows when it was accepted, however long nothing happened before", async () => {
    const clock = new ManualClock(1e12);
    const seen: (readonly [openedAtMs: number, receivedAtMs: number])[] = [];
    const front = opened.keep(
      await TestFront.open({
        clock,
        request: (exchange) => {
          seen.push([exchange.connection.openedAtMs, exchange.receivedAtMs]);
          exchange.answer({ status: 200, body: `${seen.length}` });
        },
      }),
    );
    clock.advance(5000);
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("\r\n\r\n1");
    clock.advance(2000);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("\r\n\r\n2");
    client.socket.destroy();
    assert.deepEqual(seen, [[1e12 + 5000, 1e12 + 5000], [1e12 + 5000, 1e12 + 7000]]);
  });
});
