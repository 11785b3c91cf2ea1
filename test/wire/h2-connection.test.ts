import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { after, describe, it } from "node:test";
import { ManualClock } from "../../src/observe/mod.ts";
import { ACK, END_HEADERS, END_STREAM, frame, H2Client, request, Type, uint32 } from "../support/h2-client.ts";
import {
  answering,
  type BackendConnection,
  echo,
  RawBackend,
  TestFront,
  type TestFrontOptions,
} from "../support/wire.ts";

const HEADERS = END_HEADERS | END_STREAM;
const WHOLE = request("/x");

const opened: { close(): unknown }[] = [];

async function backend(serve: (connection: BackendConnection) => void | Promise<void>): Promise<RawBackend> {
  const one = await RawBackend.open(serve);
  opened.push(one);
  return one;
}

async function open(options: TestFrontOptions): Promise<TestFront> {
  const front = await TestFront.open(options);
  opened.unshift(front);
  return front;
}

async function client(front: TestFront, settings?: Uint8Array): Promise<H2Client> {
  const one = await H2Client.open(front.port, settings);
  opened.unshift(one);
  return one;
}

after(async () => {
  for (const each of opened) await each.close();
});

describe("HTTP/2 on a plain port", () => {
  it("is spoken to a client that begins with its preface, wherever the bytes are split", async () => {
    const { endpoint } = await backend(answering(echo));
    const front = await open({ endpoints: [endpoint] });
    const bytes = Buffer.concat([
      Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1"),
      frame(Type.settings, 0, 0),
      frame(Type.headers, HEADERS, 1, WHOLE),
    ]);
    for (let at = 1; at < 40; at++) {
      const socket = connect({ port: front.port, host: "127.0.0.1", noDelay: true });
      const one = new H2Client(socket);
      const gone = once(socket, bytes.subarray(0, at));
      await gone;
      socket.write(bytes.subarray(at));
      assert.equal((await one.head(1))[":status"], "200", `split at ${at}`);
      assert.match((await one.body(1)).toString(), /^GET \/x HTTP\/1\.1\r\nHost: a\.example\r\n/);
      one.close();
    }
  });

  it("leaves methods that begin alike to HTTP/1.1", async () => {
    const { endpoint } = await backend(answering(echo));
    const front = await open({ endpoints: [endpoint] });
    for (const method of ["P", "PRI", "POST", "PROPFIND"]) {
      const one = await front.client();
      for (const char of method) await new Promise((resolve) => one.socket.write(char, resolve));
      one.send(` /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      assert.match(await one.end(), new RegExp(`^HTTP/1\\.1 200 OK[^]*\r\n\r\n${method} /x HTTP/1\\.1\r\n`));
      one.socket.destroy();
    }
  });

  it("is refused when use-http2 is off", async () => {
    const front = await open({ wire: { http2: false } });
    assert.match(await front.exchange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), /^HTTP\/1\.1 505 /);
  });
});

describe("a connection of HTTP/2", () => {
  it("ends for idleness after a stream that the proxy had to reset", async () => {
    const clock = new ManualClock();
    const { endpoint } = await backend(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      connection.socket.end();
    });
    const front = await open({ endpoints: [endpoint], clock, wire: { keepAliveMs: 10_000 } });
    const one = await client(front);
    one.send(frame(Type.headers, HEADERS, 1, WHOLE));
    await one.frame(Type.reset, 1);
    assert.equal(front.front.counters.idle, 1);
    clock.advance(10_500);
    await one.frame(Type.goaway, 0);
    clock.advance(5_500);
    await one.end();
  });

  it("counts the time of a request from its own arrival, however long the connection was quiet", async () => {
    const clock = new ManualClock();
    const { endpoint } = await backend(answering(echo));
    const received: number[] = [];
    const front = await open({
      endpoints: [endpoint],
      clock,
      request: (exchange, plan) => {
        received.push(exchange.receivedAtMs);
        exchange.forward(plan);
      },
    });
    const one = await client(front);
    one.send(frame(Type.headers, HEADERS, 1, WHOLE));
    await one.body(1);
    clock.advance(25_000);
    one.send(frame(Type.headers, HEADERS, 3, WHOLE));
    await one.body(3);
    assert.deepEqual(received, [0, 25_000]);
  });

  it("ends a moment after a shutdown even if the client does not answer", async () => {
    const clock = new ManualClock();
    const { endpoint } = await backend(answering(echo));
    const front = await open({ endpoints: [endpoint], clock });
    const one = await client(front);
    one.send(frame(Type.headers, HEADERS, 1, WHOLE));
    await one.body(1);
    const closed = front.front.close(60_000);
    await one.frame(Type.goaway, 0);
    clock.advance(5_500);
    await one.end();
    await closed;
  });

  it("is not cut while its client takes a little of a response again and again", async () => {
    const clock = new ManualClock();
    const { endpoint } = await backend(
      answering(() => `HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${"x".repeat(100)}`),
    );
    const front = await open({ endpoints: [endpoint], clock, wire: { sendTimeoutMs: 60_000 } });
    const one = await client(front, Buffer.concat([Buffer.from([0, 4]), uint32(10)]));
    one.send(frame(Type.headers, HEADERS, 1, WHOLE));
    await one.frame(Type.data, 1);
    for (let i = 1; i < 10; i++) {
      clock.advance(50_000);
      one.send(frame(Type.window, 0, 1, uint32(10)), frame(Type.ping, 0, 0, Buffer.alloc(8, i)));
      await one.until(
        () => one.frames.filter((f) => f.type === Type.ping && (f.flags & ACK) !== 0).length === i,
        "PING",
      );
    }
    assert.equal((await one.body(1)).length, 100);
  });

  it("loses a stream whose client takes nothing, and only that", async () => {
    const clock = new ManualClock();
    const { endpoint } = await backend(
      answering(() => `HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${"x".repeat(100)}`),
    );
    const front = await open({ endpoints: [endpoint], clock, wire: { sendTimeoutMs: 60_000 } });
    const one = await client(front, Buffer.concat([Buffer.from([0, 4]), uint32(10)]));
    one.send(frame(Type.headers, HEADERS, 1, WHOLE));
    await one.frame(Type.data, 1);
    clock.advance(60_500);
    await one.frame(Type.reset, 1);
    one.send(frame(Type.headers, HEADERS, 3, WHOLE), frame(Type.window, 0, 3, uint32(90)));
    assert.equal((await one.body(3)).length, 100);
  });
});

/** Resolves when the bytes have left. */
function once(socket: ReturnType<typeof connect>, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => socket.write(bytes, () => resolve()));
}
