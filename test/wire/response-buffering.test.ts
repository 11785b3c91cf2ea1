import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readlinkSync } from "node:fs";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { countUnnamed } from "../../src/proxy/unnamed-file.ts";
import { ManualClock } from "../../src/observe/mod.ts";
import type { ResponseBuffering, ServerExchange } from "../../src/proxy/contract.ts";
import { END_HEADERS, END_STREAM, frame, H2Client, request, Type, uint32 } from "../support/h2-client.ts";
import { Opened } from "../support/opened.ts";
import { type BackendConnection, RawBackend, RawClient, TestFront, type TestFrontOptions } from "../support/wire.ts";

/** More than the kernel keeps on both sides of a proxy. */
const LARGE = 32 * 1024 * 1024;
const ON: ResponseBuffering = { enabled: true, memoryBytes: 16_384, fileBytes: 2 ** 30 };
const OFF: ResponseBuffering = { ...ON, enabled: false };
const MEMORY_ONLY: ResponseBuffering = { ...ON, fileBytes: 0 };

const opened = new Opened();

/** Each place has a byte that tells it. */
const BODY = Buffer.alloc(LARGE);
for (let i = 0; i < LARGE; i += 4) BODY.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);

/** Writes at the pace of the other side; `sent` goes up with what the socket took. */
class Sender {
  sent = 0;
  constructor(readonly connection: BackendConnection) {}

  async body(bytes: number, chunked = false): Promise<void> {
    const { socket } = this.connection;
    for (let at = 0; at < bytes; at += 65_536) {
      const part = BODY.subarray(at, Math.min(bytes, at + 65_536));
      if (chunked) socket.write(`${part.length.toString(16)}\r\n`);
      const more = socket.write(part);
      if (chunked) socket.write("\r\n");
      if (!more) await new Promise<void>((resolve) => socket.once("drain", resolve));
      if (socket.destroyed) return;
      this.sent = at + part.length;
    }
    if (chunked) socket.write("0\r\n\r\n");
  }
}

/** `/large?BYTES`, `/chunked?BYTES`, `/close?BYTES`, `/cut?BYTES` (half of a length); anything else: `small`. */
async function backend(fields = ""): Promise<{ back: RawBackend; senders: Sender[] }> {
  const senders: Sender[] = [];
  const back = await RawBackend.open(async (connection) => {
    const sender = new Sender(connection);
    senders.push(sender);
    for (;;) {
      await connection.until(() => connection.text.includes("\r\n\r\n") || connection.ended, "a request");
      if (!connection.text.includes("\r\n\r\n")) return void connection.socket.end();
      const [, path, size] = /^[A-Z]+ \/(\w*)\??(\d*) /.exec(connection.text)!;
      connection.text = "";
      const bytes = Number(size);
      if (path === "large") {
        connection.send(`HTTP/1.1 200 OK\r\n${fields}Content-Length: ${bytes}\r\n\r\n`);
        await sender.body(bytes);
      } else if (path === "chunked") {
        connection.send(`HTTP/1.1 200 OK\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`);
        await sender.body(bytes, true);
      } else if (path === "close" || path === "cut") {
        const length = path === "cut" ? `Content-Length: ${bytes * 2}\r\n` : "";
        connection.send(`HTTP/1.1 200 OK\r\n${fields}${length}Connection: close\r\n\r\n`);
        await sender.body(bytes);
        return void connection.socket.end();
      } else connection.send(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsmall`);
    }
  });
  opened.keep(back);
  return { back, senders };
}

async function open(options: TestFrontOptions): Promise<TestFront> {
  const front = await TestFront.open(options);
  opened.keep(front);
  return front;
}

function get(path: string, fields = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** A client that asks and does not read. */
async function slowClient(front: TestFront, path: string, fields = ""): Promise<RawClient> {
  const client = await front.client();
  client.socket.pause();
  client.send(get(path, fields));
  opened.keep({ close: () => client.socket.destroy() });
  return client;
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail("waited in vain");
}

/** Reads the response to its end. */
async function takeBody(client: RawClient, bytes: number): Promise<Buffer> {
  client.socket.resume();
  await client.until(
    () => client.text.length >= bytes && client.text.indexOf("\r\n\r\n") + 4 + bytes <= client.text.length,
    "the body",
  );
  return Buffer.from(client.text.slice(client.text.indexOf("\r\n\r\n") + 4), "latin1");
}

/** Temporary files that this process has open. */
function openFiles(): number {
  const open = readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return /\/sallyport-[0-9a-f]{24}/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;
  // one that is being opened does not stand there yet
  return Math.max(open, countUnnamed());
}

/** Reads a chunked response up to the end of the connection. */
async function takeChunks(client: RawClient): Promise<Buffer> {
  client.socket.resume();
  const text = await client.end();
  assert.ok(text.endsWith("\r\n0\r\n\r\n"));
  return unchunk(Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1"));
}

function unchunk(text: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0;;) {
    const line = text.indexOf("\r\n", at);
    const size = parseInt(text.toString("latin1", at, line), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(text.subarray(line + 2, line + 2 + size));
    at = line + 4 + size;
  }
}

describe("response buffering", () => {
  for (const kind of ["large", "chunked"]) {
    it(`takes a ${kind} response whole, so that its connection serves the next while a slow client reads`, async () => {
      const { back } = await backend();
      const front = await open({ endpoints: [back.endpoint], settings: { responseBuffering: ON } });
      const slow = await slowClient(front, `/${kind}?${LARGE}`, kind === "chunked" ? "Connection: close\r\n" : "");
      await until(() => front.front.idleUpstreamConnections === 1);
      assert.ok(openFiles() > 0);
      assert.match(await front.exchange(get("/", "Connection: close\r\n")), /small$/);
      assert.equal(back.connections.length, 1);
      assert.equal(front.ended.length, 1);
      if (kind === "large") assert.ok((await takeBody(slow, LARGE)).equals(BODY));
      else assert.ok((await takeChunks(slow)).equals(BODY));
      const { attempts, status } = await front.end(1);
      assert.deepEqual([status, attempts.length, attempts[0]!.responseBytes], [200, 1, LARGE]);
      await until(() => openFiles() === 0);
      if (kind === "chunked") return;
      slow.text = "";
      slow.send(get("/"));
      await slow.has("small");
    });
  }

  it("keeps the response of each apart: the head of the next is not that of the first", async () => {
    const { back } = await backend("X-First: yes\r\n");
    const exchanges: ServerExchange[] = [];
    const front = await open({
      endpoints: [back.endpoint],
      settings: { responseBuffering: ON },
      request: (exchange, plan) => {
        exchanges.push(exchange);
        exchange.forward(plan);
      },
    });
    const slow = await slowClient(front, `/large?${LARGE}`);
    await until(() => front.front.idleUpstreamConnections === 1);
    await front.exchange(get("/", "Connection: close\r\n"));
    assert.equal(back.connections.length, 1);
    assert.equal(exchanges[0]!.response!.get("x-first"), "yes");
    assert.equal(exchanges[0]!.response!.get("content-length"), String(LARGE));
    await takeBody(slow, LARGE);
  });

  for (const [name, buffering] of [["without a file", MEMORY_ONLY], ["switched off", OFF]] as const) {
    it(`${name}: the upstream is paused, memory stays bounded, nothing is lost`, async () => {
      const { back, senders } = await backend();
      const front = await open({ endpoints: [back.endpoint], settings: { responseBuffering: buffering } });
      const slow = await slowClient(front, `/large?${LARGE}`);
      let last = -1;
      // it stands still: the kernel's buffers are full
      while (senders.length === 0 || senders[0]!.sent !== last || last === 0) {
        last = senders[0]?.sent ?? -1;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.ok(last < LARGE, `${last}`);
      assert.match(await front.exchange(get("/", "Connection: close\r\n")), /small$/);
      assert.equal(back.connections.length, 2);
      assert.equal(openFiles(), 0);
      assert.ok((await takeBody(slow, LARGE)).equals(BODY));
    });
  }

  it("follows X-Accel-Buffering of the response, which clients do not get", async () => {
    for (const [told, buffering, freed] of [["no", ON, false], ["yes", OFF, true], ["rubbish", ON, true]] as const) {
      const { back } = await backend(`X-Accel-Buffering: ${told}\r\n`);
      const front = await open({ endpoints: [back.endpoint], settings: { responseBuffering: buffering } });
      const slow = await slowClient(front, `/large?${LARGE}`);
      if (freed) await until(() => front.front.idleUpstreamConnections === 1);
      else await until(() => back.connections.length === 1);
      await front.exchange(get("/", "Connection: close\r\n"));
      assert.equal(back.connections.length, freed ? 1 : 2, told);
      await takeBody(slow, LARGE);
      assert.doesNotMatch(slow.text.slice(0, 1000), /x-accel/i);
      slow.socket.destroy();
    }
  });

  it("passes small parts on at once", async () => {
    const back = await RawBackend.open(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    });
    opened.keep(back);
    const front = await open({ endpoints: [back.endpoint], settings: { responseBuffering: ON } });
    const client = await front.client();
    client.send(get("/"));
    await client.has("\r\n\r\nabc");
    back.connections[0]!.send("def");
    await client.has("\r\n\r\nabcdef");
    client.socket.destroy();
  });

  it("ends with the connection where the upstream does", async () => {
    const { back } = await backend();
    const front = await open({ endpoints: [back.endpoint], settings: { responseBuffering: ON } });
    const slow = await slowClient(front, `/close?${LARGE}`, "Connection: close\r\n");
    await back.connection(0);
    await back.connections[0]!.end();
    assert.equal(front.ended.length, 0);
    assert.ok((await takeChunks(slow)).equals(BODY));
  });

  it("that breaks off: the client gets what came, then the cut", async () => {
    const { back } = await backend();
    const front = await open({ endpoints: [back.endpoint], settings: { responseBuffering: ON } });
    const slow = await slowClient(front, `/cut?${LARGE}`);
    await back.connection(0);
    await back.connections[0]!.end();
    assert.equal(front.ended.length, 0);
    assert.ok((await takeBody(slow, LARGE)).equals(BODY));
    await slow.end();
    await until(() => openFiles() === 0);
    assert.equal((await front.end(0)).attempts.length, 1);
  });

  it("leaves nothing behind when the client goes, before or after the response is whole", async () => {
    for (const file of [true, false]) {
      for (const whole of [true, false]) {
        const { back, senders } = await backend();
        const front = await open({
          endpoints: [back.endpoint],
          settings: { responseBuffering: file ? ON : MEMORY_ONLY },
        });
        const slow = await slowClient(front, `/${whole ? "large" : "cut"}?${LARGE}`);
        if (file && whole) await until(() => front.front.idleUpstreamConnections === 1);
        // without a file, how much is on its way depends on what the kernel keeps
        else await until(() => (senders[0]?.sent ?? 0) > (file ? 4_000_000 : 200_000));
        slow.socket.resetAndDestroy();
        const { attempts, status } = await front.end(0);
        assert.equal(status, 200);
        assert.ok(attempts[0]!.responseMs >= 0);
        await until(() => openFiles() === 0);
        if (!(file && whole)) {
          await back.connections[0]!.until(() => back.connections[0]!.closed || back.connections[0]!.ended, "the cut");
        }
        assert.equal(front.front.internalErrors, 0);
      }
    }
  });

  it("gives a client that takes nothing up after the send timeout", async () => {
    const clock = new ManualClock(1e9);
    const { back } = await backend();
    const front = await open({
      endpoints: [back.endpoint],
      settings: { responseBuffering: ON },
      wire: { sendTimeoutMs: 10_000 },
      clock,
    });
    await slowClient(front, `/large?${LARGE}`);
    await until(() => front.front.idleUpstreamConnections === 1);
    let seconds = 0;
    for (; front.ended.length === 0 && seconds < 20; seconds++) {
      clock.advance(1000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(seconds >= 9 && seconds <= 12, `${seconds}`);
    await until(() => openFiles() === 0);
  });

  it("gives an upstream that stalls up after the read timeout, but only once the client has what came", async () => {
    const clock = new ManualClock(1e9);
    const back = await RawBackend.open(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE * 2}\r\n\r\n`);
      await new Sender(connection).body(LARGE);
    });
    opened.keep(back);
    const front = await open({
      endpoints: [back.endpoint],
      settings: { responseBuffering: ON, readTimeoutMs: 5_000 },
      clock,
    });
    const slow = await slowClient(front, "/");
    await until(() => openFiles() === 1);
    const connection = back.connections[0]!;
    for (let i = 0; i < 40 && !connection.closed && !connection.ended; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      clock.advance(500);
    }
    await connection.until(() => connection.closed || connection.ended, "the cut");
    assert.equal(front.ended.length, 0);
    assert.ok((await takeBody(slow, LARGE)).equals(BODY));
    await slow.end();
  });

  it("keeps what an encoder has not taken", async () => {
    const { back } = await backend();
    const front = await open({
      endpoints: [back.endpoint],
      settings: { responseBuffering: ON },
      responseHead: (exchange) => {
        if (exchange.target === "/") return;
        exchange.bodyCoding = { name: "gzip", level: 1 };
        exchange.response!.set("content-encoding", "gzip");
        exchange.response!.delete("content-length");
      },
    });
    const slow = await slowClient(front, `/large?${LARGE}`, "Connection: close\r\n");
    await until(() => front.front.idleUpstreamConnections === 1);
    await front.exchange(get("/", "Connection: close\r\n"));
    assert.equal(back.connections.length, 1);
    const encoded = await takeChunks(slow);
    assert.ok(gunzipSync(encoded).equals(BODY));
    await until(() => openFiles() === 0);
  });

  it("HEAD has no body to keep", async () => {
    const { back } = await backend();
    const front = await open({ endpoints: [back.endpoint], settings: { responseBuffering: ON } });
    assert.match(
      await front.exchange("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
      /\r\nContent-Length: 5\r\n[^]*\r\n\r\n$/,
    );
  });

  it("of one HTTP/2 stream holds nobody up, and follows its window", async () => {
    const bytes = 4 * 1024 * 1024;
    const { back } = await backend();
    const front = await open({ endpoints: [back.endpoint], settings: { responseBuffering: ON } });
    const client = await H2Client.open(front.port);
    opened.keep(client);
    client.send(frame(Type.headers, END_STREAM | END_HEADERS, 1, request(`/large?${bytes}`)));
    await until(() => front.front.idleUpstreamConnections === 1);
    assert.equal(front.ended.length, 0);
    client.send(frame(Type.window, 0, 0, uint32(2 ** 30)));
    client.send(frame(Type.headers, END_STREAM | END_HEADERS, 3, request("/")));
    assert.equal((await client.body(3)).toString(), "small");
    assert.equal(back.connections.length, 1);
    client.send(frame(Type.window, 0, 1, uint32(2 ** 30)));
    assert.ok((await client.body(1)).equals(BODY.subarray(0, bytes)));
    // and one that is reset lets go of everything
    client.send(frame(Type.headers, END_STREAM | END_HEADERS, 5, request(`/large?${bytes}`)));
    await until(() => front.front.idleUpstreamConnections === 1 && openFiles() === 1);
    client.send(frame(Type.reset, 0, 5, uint32(8)));
    await until(() => openFiles() === 0);
    await front.end(2);
  });
});
