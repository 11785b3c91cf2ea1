import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../src/observe/mod.ts";
import { Opened } from "../support/opened.ts";
import { answering, openPair, pour, type Serve, type TestFrontOptions } from "../support/wire.ts";

const UPGRADE =
  "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n";
const SWITCH =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: a\r\n\r\n";

const opened = new Opened();

const setUp = (serve: Serve, options?: TestFrontOptions) => openPair(opened, serve, options);

describe("an upgrade", () => {
  it("makes a tunnel that carries any bytes both ways, those sent too early included", async () => {
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send(`${SWITCH}first`);
    });
    const client = await front.client();
    client.send(`${UPGRADE}early`);
    await client.has("first");
    assert.match(client.text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(client.text, /\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\nfirst$/);
    const upstream = backend.connections[0]!;
    await upstream.has("early");
    assert.match(upstream.text, /\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: k\r\n\r\nearly$/);
    client.send("\x00\xff bytes");
    await upstream.has("\x00\xff bytes");
    upstream.send("\xfe\x01 back");
    await client.has("\xfe\x01 back");
    client.socket.end();
    await upstream.end();
    const ended = await front.end(0);
    assert.equal(ended.status, 101);
    assert.equal(ended.attempts[0]!.status, 101);
  });

  it("that the upstream declines is answered as it answers, and the connection goes on", async () => {
    const { front } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    });
    const client = await front.client();
    client.send(UPGRADE);
    await client.has("\r\n\r\nno");
    assert.match(client.text, /^HTTP\/1\.1 403 No\r\n[^]*Connection: keep-alive\r\n/);
    client.socket.destroy();
  });

  it("is not asked for upstream when Connection does not list it", async () => {
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n");
    await client.has("\r\n\r\nok");
    assert.doesNotMatch(backend.connections[0]!.text, /upgrade|settings/i);
    client.socket.destroy();
  });
});

describe("an Upgrade to HTTP/2", () => {
  it("is never asked for upstream: its requests would pass by the rules of hosts and paths", async () => {
    const seen: string[] = [];
    const { front } = await setUp(answering((head) => {
      seen.push(head);
      return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    }));
    for (const protocols of ["h2c", "H2C", "h2", "websocket, h2c", "h2c,websocket", "h2c\t", "h2c/1"]) {
      const client = await front.client();
      client.send(
        `GET / HTTP/1.1\r\nHost: a\r\nUpgrade: ${protocols}\r\nHTTP2-Settings: AAMAAABk\r\n` +
          "Connection: Upgrade, HTTP2-Settings\r\n\r\n",
      );
      await client.has("\r\n\r\nok");
      client.socket.destroy();
    }
    assert.equal(seen.length, 7);
    for (const head of seen) assert.doesNotMatch(head, /upgrade|settings|h2/i);
  });
});

describe("a tunnel", () => {
  it("passes what was written before the upstream ended, then ends the client", async () => {
    const { front } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send(SWITCH);
      await connection.has("go");
      connection.send("x".repeat(1_000_000));
      connection.socket.end();
    });
    const client = await front.client();
    client.send(UPGRADE);
    await client.has("\r\n\r\n");
    client.send("go");
    const text = await client.end();
    assert.equal(text.length - text.indexOf("\r\n\r\n") - 4, 1_000_000);
    client.socket.destroy();
  });

  it("passes what was written before the client ended, then ends the upstream", async () => {
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send(SWITCH);
    });
    const client = await front.client();
    client.send(UPGRADE);
    await client.has("\r\n\r\n");
    client.socket.end("y".repeat(1_000_000));
    const text = await backend.connections[0]!.end();
    assert.equal(
      text.match(/y/g)!.length - (text.slice(0, text.indexOf("\r\n\r\n")).match(/y/g)?.length ?? 0),
      1_000_000,
    );
  });

  it("lets the slower side set the pace", async () => {
    let sent = 0;
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send(SWITCH);
      pour(connection, 100_000_000, (bytes) => sent = bytes);
    });
    const client = await front.client();
    client.socket.pause();
    client.send(UPGRADE);
    await backend.connection(0);
    let last = -1;
    while (sent !== last) {
      last = sent;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.ok(sent < 30_000_000, `${sent} bytes were taken from the upstream`);
    client.socket.destroy();
    await front.end(0);
  });

  it("ends after proxy-read-timeout without a byte either way", async () => {
    const clock = new ManualClock(1e9);
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send(SWITCH);
    }, { clock, settings: { readTimeoutMs: 10_000 } });
    const client = await front.client();
    client.send(UPGRADE);
    await client.has("\r\n\r\n");
    for (let i = 0; i < 3; i++) {
      for (let s = 0; s < 8; s++) clock.advance(1000);
      client.send("tick");
      await backend.connections[0]!.has("tick", i + 1);
    }
    for (let s = 0; s < 11; s++) clock.advance(1000);
    await client.end();
    await backend.connections[0]!.end();
    assert.equal((await front.end(0)).status, 101);
    client.socket.destroy();
  });
});
