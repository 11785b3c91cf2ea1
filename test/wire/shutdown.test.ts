import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Opened } from "../support/opened.ts";
import { answering, echo, openPair, RawClient } from "../support/wire.ts";

const opened = new Opened();

describe("closing a front", () => {
  it("ends idle connections at once and busy ones after their response, which says so", async () => {
    const { backend, front } = await openPair(opened, async (connection) => {
      await connection.has("\r\n\r\n");
    });
    const idle = await front.client();
    const busy = await front.client();
    busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const upstream = await backend.connection(0);
    await upstream.has("\r\n\r\n");
    const closed = front.front.close(60_000);
    assert.equal(await idle.end(), "");
    idle.socket.destroy();
    await assert.rejects(RawClient.open(front.port));
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    const text = await busy.end();
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n[^]*ok$/);
    busy.socket.destroy();
    await closed;
    assert.equal(front.front.counters.active, 0);
    await upstream.end();
  });

  it("cuts what is still going on when the grace period is over", async () => {
    const { backend, front } = await openPair(opened, () => {});
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await (await backend.connection(0)).has("\r\n\r\n");
    await front.front.close(50);
    assert.equal(await client.end(), "");
    assert.equal(front.ended.length, 1);
  });

  it("counts connections and requests", async () => {
    const { front } = await openPair(opened, answering(echo));
    const client = await front.client();
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("GET /2");
    const { counters } = front.front;
    assert.deepEqual(
      [counters.accepted, counters.active, counters.idle, counters.requests, counters.inFlight],
      [1, 1, 1, 2, 0],
    );
    client.socket.destroy();
    while (counters.active > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(counters.idle, 0);
  });
});
