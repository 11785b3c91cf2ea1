import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { ManualClock } from "../../src/observe/mod.ts";
import { ACK, block, END_HEADERS, END_STREAM, frame, H2Client, request, Type, uint32 } from "../support/h2-client.ts";
import { Opened } from "../support/opened.ts";
import {
  answering,
  type BackendConnection,
  echo,
  openPair,
  RawBackend,
  TestFront,
  type TestFrontOptions,
} from "../support/wire.ts";

const HEADERS = END_HEADERS | END_STREAM;
const WHOLE = request("/x");

const opened = new Opened();

async function backend(serve: (connection: BackendConnection) => void | Promise<void>): Promise<RawBackend> {
  return opened.keep(await RawBackend.open(serve));
}

async function open(options: TestFrontOptions): Promise<TestFront> {
  return opened.keep(await TestFront.open(options));
}

async function client(front: TestFront, settings?: Uint8Array): Promise<H2Client> {
  return opened.keep(await H2Client.open(front.port, settings));
}

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

  it("is cut for a flood, which the log tells once for many", async () => {
    const { endpoint } = await backend(answering(echo));
    const front = await open({ endpoints: [endpoint] });
    const ping = frame(Type.ping, 0, 0, Buffer.alloc(8));
    for (let i = 0; i < 3; i++) {
      const one = await client(front);
      one.send(...Array.from({ length: 1100 }, () => ping));
      assert.equal((await one.frame(Type.goaway, 0)).payload.readUInt32BE(4), 11);
      await one.end();
    }
    assert.deepEqual(front.logged, ["HTTP/2 connections are closed because of a flood of frames"]);
  });

  for (
    const [name, field] of [
      ["at the end of a value", "000178851fffffffff"],
      ["in the middle of a value", "000178861fffffffffe3"],
      ["in a name", "00851fffffffff0161"],
      ["in a value for the table", "400178851fffffffff"],
    ] as const
  ) {
    it(`is ended for a Huffman text with EOS ${name}`, async () => {
      const { front, backend: back } = await openPair(opened, answering(echo));
      const one = await client(front);
      one.send(frame(Type.headers, HEADERS, 1, Buffer.concat([WHOLE, Buffer.from(field, "hex")])));
      // COMPRESSION_ERROR
      assert.equal((await one.frame(Type.goaway, 0)).payload.readUInt32BE(4), 9);
      await one.end();
      assert.equal(back.connections.length, 0);
    });
  }

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

describe("an exchange of HTTP/2", () => {
  const POST = { method: "POST" } as const;

  async function pair(
    serve: (connection: BackendConnection) => void | Promise<void>,
    options: TestFrontOptions = {},
  ): Promise<{ one: H2Client; front: TestFront; back: RawBackend }> {
    const back = await backend(serve);
    const front = await open({ endpoints: [back.endpoint], ...options });
    return { one: await client(front), front, back };
  }

  it("carries trailers both ways", async () => {
    const { one, back } = await pair(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
      await connection.has("0\r\nx-end: 1\r\n\r\n");
      connection.send("0\r\nX-Sum: 7\r\nConnection: close\r\nContent-Length: 3\r\n\r\n");
    }, { settings: { requestBuffering: false } });
    one.send(
      frame(
        Type.headers,
        END_HEADERS,
        1,
        request("/", { ...POST, fields: [["trailer", "x-end"], ["te", "trailers"]] }),
      ),
      frame(Type.data, 0, 1, "hello"),
      frame(Type.headers, HEADERS, 1, block([["x-end", "1"], ["content-length", "9"], ["host", "b"]])),
    );
    assert.equal((await one.body(1)).toString(), "ok");
    assert.equal((await one.head(1))[":status"], "200");
    assert.deepEqual(await one.head(1, 1), { "x-sum": "7" });
    const { text } = await back.connection(0);
    assert.match(text, /\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-end: 1\r\n\r\n$/);
    assert.doesNotMatch(text, /^te:/mi);
  });

  it("asks for the body that waits for 100, and passes other interim responses on", async () => {
    const { one } = await pair(async (connection) => {
      await connection.has("\r\n\r\nhello");
      connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 5\r\n\r\n");
      connection.send("HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n");
    });
    const fields = [["content-length", "5"], ["expect", "100-continue"]] as const;
    one.send(frame(Type.headers, END_HEADERS, 1, request("/", { ...POST, fields })));
    assert.equal((await one.head(1))[":status"], "100");
    one.send(frame(Type.data, END_STREAM, 1, "hello"));
    assert.deepEqual(await one.head(1, 1), { ":status": "103", "link": "</a>" });
    const { ":status": status, "x-a": a, "content-length": length } = await one.head(1, 2);
    assert.deepEqual([status, a, length], ["204", "b", undefined]);
    assert.equal((await one.body(1)).length, 0);
  });

  for (
    const [name, method, response, length] of [
      ["HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "10"],
      ["HEAD of chunks", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", undefined],
      ["304", "GET", "HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n", undefined],
      ["an empty body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0"],
      ["an empty body of chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", undefined],
    ] as const
  ) {
    it(`has no DATA with bytes for ${name}`, async () => {
      const { one } = await pair(answering(() => response));
      one.send(frame(Type.headers, HEADERS, 1, request("/", { method })));
      assert.equal((await one.body(1)).length, 0);
      assert.equal((await one.head(1))["content-length"], length);
    });
  }

  it("drops what belongs to the connection of the upstream", async () => {
    const { one } = await pair(
      answering(() =>
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: a\r\nUpgrade: h2c\r\n" +
        "Proxy-Connection: x\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok"
      ),
    );
    one.send(frame(Type.headers, HEADERS, 1, WHOLE));
    await one.body(1);
    const { date: _date, ...rest } = await one.head(1);
    assert.deepEqual(rest, { ":status": "200", "x-a": "b", "content-length": "2" });
  });

  it("is cancelled towards the upstream when the client resets it, and nothing else is", async () => {
    const { one, back, front } = await pair(async (connection) => {
      await connection.has("\r\n\r\n");
      if (connection.number === 1) connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    one.send(frame(Type.headers, HEADERS, 1, WHOLE));
    const first = await back.connection(0);
    await first.has("\r\n\r\n");
    one.send(frame(Type.headers, HEADERS, 3, WHOLE), frame(Type.reset, 0, 1, uint32(8)));
    await first.end();
    assert.equal((await one.body(3)).toString(), "ok");
    assert.deepEqual((await Promise.all([front.end(0), front.end(1)])).map((e) => e.status).sort(), [200, 499]);
  });

  it("may be answered before its body is complete", async () => {
    const { one, back } = await pair(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    }, { settings: { requestBuffering: false } });
    one.send(frame(Type.headers, END_HEADERS, 1, request("/", POST)), frame(Type.data, 0, 1, "hello"));
    assert.equal((await one.body(1)).toString(), "no");
    assert.equal((await one.frame(Type.reset, 1)).payload.readUInt32BE(0), 0);
    // what was on its way does no harm
    one.send(frame(Type.data, END_STREAM, 1, "more"), frame(Type.headers, HEADERS, 3, WHOLE));
    await back.connection(1);
    assert.equal((await one.body(3)).toString(), "no");
  });

  it("gets 413 for a body that is too large, with its length and without", async () => {
    const { one, back } = await pair(() => {}, { settings: { maxBodyBytes: 4 } });
    one.send(
      frame(Type.headers, END_HEADERS, 1, request("/", { ...POST, fields: [["content-length", "5"]] })),
      frame(Type.headers, END_HEADERS, 3, request("/", POST)),
      frame(Type.data, 0, 3, "hello"),
    );
    for (const stream of [1, 3]) {
      await one.body(stream);
      assert.equal((await one.head(stream))[":status"], "413");
    }
    assert.equal(back.connections.length, 0);
  });

  it("is never sent with another length than its body had", async () => {
    const { one, back } = await pair(() => {});
    for (const [stream, length, body] of [[1, "5", "four"], [3, "3", "four"]] as const) {
      one.send(
        frame(Type.headers, END_HEADERS, stream, request("/", { ...POST, fields: [["content-length", length]] })),
        frame(Type.data, END_STREAM, stream, body),
      );
      assert.equal((await one.frame(Type.reset, stream)).payload.readUInt32BE(0), 1);
    }
    assert.equal(back.connections.length, 0);
  });

  it("goes on in larger parts than it came in, when these were small", async () => {
    const { one, back } = await pair(async (connection) => {
      await connection.has("0\r\n\r\n");
      connection.send("HTTP/1.1 204 No Content\r\n\r\n");
    }, { settings: { requestBuffering: false } });
    one.send(frame(Type.headers, END_HEADERS, 1, request("/", POST)));
    const connection = await back.connection(0);
    await connection.has("\r\n\r\n");
    one.send(...Array.from({ length: 1000 }, () => frame(Type.data, 0, 1, "x")), frame(Type.data, END_STREAM, 1));
    assert.equal((await one.body(1)).length, 0);
    const body = connection.text.slice(connection.text.indexOf("\r\n\r\n") + 4);
    const chunks = body.match(/x+/g)!;
    assert.equal(chunks.join("").length, 1000);
    assert.ok(chunks.length < 50, `${chunks.length} chunks`);
  });

  it("waits in the client when the upstream does not take the body", async () => {
    const { one, back } = await pair((connection) => void connection.socket.pause(), {
      settings: { requestBuffering: false, maxBodyBytes: 0 },
    });
    one.send(frame(Type.headers, END_HEADERS, 1, request("/", POST)));
    await back.connection(0);
    const credit = (): number =>
      65_535 + one.frames.filter((f) => f.type === Type.window && f.stream === 1)
        .reduce((sum, f) => sum + f.payload.readUInt32BE(0), 1);
    let sent = 0;
    const ping = async (n: number): Promise<void> => {
      one.send(frame(Type.ping, 0, 0, Buffer.concat([Buffer.alloc(4), uint32(n)])));
      await one.until(() => one.frames.some((f) => f.type === Type.ping && f.payload.readUInt32BE(4) === n), "PING");
    };
    // as much as the windows allow, until nothing is given back any more
    for (let round = 1, stuck = 0; stuck < 3 && round < 4000; round++) {
      const room = Math.min(credit() - sent, 16_384);
      stuck = room > 0 ? 0 : stuck + 1;
      if (room > 0) one.send(frame(Type.data, 0, 1, Buffer.alloc(room)));
      sent += room;
      await ping(round);
    }
    assert.equal(credit(), sent);
  });

  for (
    const [name, fields] of [
      ["Upgrade", [["upgrade", "websocket"]]],
      ["Connection", [["connection", "upgrade"]]],
      ["Transfer-Encoding", [["transfer-encoding", "chunked"]]],
      ["another Host", [["host", "b.example"]]],
      ["a line end in a value", [["x-a", "b\r\nx-c: d"]]],
      ["a line end in a name", [["x-a\r\nx-c", "d"]]],
      ["an extended CONNECT", [[":protocol", "websocket"]]],
    ] as const
  ) {
    it(`is refused with ${name}`, async () => {
      const { one, back } = await pair(() => {});
      const head = name === "an extended CONNECT"
        ? block([[":method", "CONNECT"], [":protocol", "websocket"], [":scheme", "http"], [":authority", "a"], [
          ":path",
          "/",
        ]])
        : request("/", { fields });
      one.send(frame(Type.headers, HEADERS, 1, head));
      assert.equal((await one.frame(Type.reset, 1)).payload.readUInt32BE(0), 1);
      assert.equal(back.connections.length, 0);
    });
  }

  for (
    const [name, head] of [
      ["user information", request("/", { authority: "u@a" })],
      ["a path in the authority", request("/", { authority: "a/b" })],
      ["no authority", block([[":method", "GET"], [":scheme", "http"], [":path", "/"]])],
      ["a fragment", request("/#a")],
    ] as const
  ) {
    it(`gets 400 for ${name}`, async () => {
      const { one, back } = await pair(() => {});
      one.send(frame(Type.headers, HEADERS, 1, head));
      await one.body(1);
      assert.equal((await one.head(1))[":status"], "400");
      assert.equal(back.connections.length, 0);
    });
  }
});

/** Resolves when the bytes have left. */
function once(socket: ReturnType<typeof connect>, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => socket.write(bytes, () => resolve()));
}
