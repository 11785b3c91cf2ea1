import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../src/observe/mod.ts";
import { END_HEADERS, END_STREAM, frame, request, Type } from "../support/h2-client.ts";
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

  describe("waits for no client that does not read", () => {
    it("between two requests", async () => {
      const clock = new ManualClock();
      const { front } = await openPair(opened, answering(echo), { clock });
      const clients = await Promise.all([front.client(), front.client(), front.client()]);
      for (const client of clients.slice(1)) {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await client.has("X-Real-IP");
      }
      await front.end(1);
      for (const { socket } of clients) socket.pause();
      // no time passes
      await front.front.close(60_000);
      assert.equal(front.front.counters.active, 0);
      for (const client of clients) {
        client.socket.resume();
        await client.end();
        assert.equal(client.error, null);
        client.socket.destroy();
      }
    });

    it("after a response, which stays whole", async () => {
      const clock = new ManualClock();
      const body = "x".repeat(50_000);
      const { backend, front } = await openPair(opened, async (connection) => {
        await connection.has("\r\n\r\n");
      }, { clock });
      const client = await front.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const upstream = await backend.connection(0);
      await upstream.has("\r\n\r\n");
      client.socket.pause();
      const closed = front.front.close(60_000);
      upstream.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      await closed;
      client.socket.resume();
      const text = await client.end();
      assert.ok(text.endsWith(`\r\n\r\n${body}`));
      assert.equal(client.error, null);
      client.socket.destroy();
    });

    it("which takes a long response only after that, and asks for nothing more", async () => {
      const body = "x".repeat(20_000_000);
      const { front } = await openPair(
        opened,
        answering(() => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      );
      const client = await front.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.until(() => client.text.length > 1000, "the beginning");
      client.socket.pause();
      const closed = front.front.close(60_000);
      client.socket.resume();
      const text = await client.end();
      assert.equal(text.length - text.indexOf("\r\n\r\n") - 4, body.length);
      assert.equal(client.error, null);
      // the client does not end its side
      await closed;
      client.socket.destroy();
    });

    it("over HTTP/2, beyond the time for an answer to GOAWAY", async () => {
      const clock = new ManualClock();
      const { front } = await openPair(opened, answering(echo), { clock });
      const client = await front.client();
      client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      client.socket.write(frame(Type.settings, 0, 0));
      client.socket.write(frame(Type.headers, END_HEADERS | END_STREAM, 1, request("/")));
      await client.has("X-Real-IP");
      client.socket.pause();
      const closed = front.front.close(60_000);
      clock.advance(2_000);
      await closed;
      client.socket.resume();
      await client.end();
      assert.equal(client.error, null);
      client.socket.destroy();
    });
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
