import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { EchoServer } from "../../../src/cli/echo/echo-server.ts";
import { formatFrame, FrameError, FrameReader } from "../../../src/cli/echo/websocket-frame.ts";

let server: EchoServer;
before(async () => {
  server = new EchoServer({ name: "one", address: "127.0.0.1", port: 0 });
  await server.start();
});
after(() => server.close());

/** Sends `text` (in pieces of `size` bytes) and collects what comes until the server closes or `until` is seen. */
function exchange(text: string, until?: RegExp, size = Infinity): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket: Socket = connect(server.port, "127.0.0.1", () => {
      for (let at = 0; at < text.length; at += size) socket.write(text.slice(at, at + size), "latin1");
    });
    socket.setEncoding("latin1");
    const done = () => (socket.destroy(), resolve(received));
    socket.on("data", (data: string) => {
      received += data;
      if (until?.test(received)) done();
    });
    socket.on("end", done).on("error", reject);
  });
}

const bodyOf = (response: string) => JSON.parse(response.slice(response.lastIndexOf("\r\n\r\n") + 4));

describe("echo", () => {
  it("answers with what it received", async () => {
    const response = await exchange(
      "POST /a/b?x=1 HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx_two: 2\r\nX.Three: 3\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
    );
    assert.match(response, /^HTTP\/1\.1 200 OK\r\n/);
    const { remote, ...record } = bodyOf(response);
    assert.match(remote, /^127\.0\.0\.1:\d+$/);
    assert.equal(typeof record.connection, "number");
    delete record.connection;
    assert.deepEqual(record, {
      name: "one",
      method: "POST",
      path: "/a/b?x=1",
      httpVersion: "1.1",
      headers: [["Host", "h"], ["X-One", "1"], ["x_two", "2"], ["X.Three", "3"], ["Content-Length", "5"], [
        "Connection",
        "close",
      ]],
      body: "hello",
      bodySize: 5,
      request: 1,
    });
  });

  for (const size of [1, 7, Infinity]) {
    it(`answers pipelined requests in order, in pieces of ${size} bytes`, async () => {
      const response = await exchange(
        "GET /1?delay=20 HTTP/1.1\r\nHost: h\r\n\r\n" +
          "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n" +
          "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        undefined,
        size,
      );
      const paths = [...response.matchAll(/"path":"([^"]*)"/g)].map((m) => m[1]);
      assert.deepEqual(paths, ["/1?delay=20", "/2", "/3"]);
      assert.match(response, /"body":"abcde","bodySize":5/);
    });
  }

  it("sets the status that is asked for", async () => {
    const close = "Host: h\r\nConnection: close\r\n\r\n";
    assert.match(await exchange(`GET /?status=503 HTTP/1.1\r\n${close}`), /^HTTP\/1\.1 503 Service/);
    const none = await exchange(`GET /?status=204 HTTP/1.1\r\n${close}`);
    assert.match(none, /^HTTP\/1\.1 204 /);
    assert.ok(none.endsWith("\r\n\r\n") && !none.includes("Content-Length"));
    assert.match(await exchange(`GET /?status=9999 HTTP/1.1\r\n${close}`), /^HTTP\/1\.1 200 /);
    assert.ok((await exchange(`HEAD / HTTP/1.1\r\n${close}`)).endsWith("\r\n\r\n"));
  });

  it("sends 100 Continue when asked", async () => {
    const response = await exchange(
      "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
      /100 Continue\r\n\r\n$/,
    );
    assert.equal(response, "HTTP/1.1 100 Continue\r\n\r\n");
  });

  it("speaks HTTP/1.0, and closes", async () => {
    assert.match(await exchange("GET / HTTP/1.0\r\n\r\n"), /"httpVersion":"1.0"/);
  });

  it("refuses what is malformed", async () => {
    for (const text of ["GET /\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "\0\r\n\r\n"]) {
      assert.match(await exchange(text), /^HTTP\/1\.1 400 Bad Request\r\n/);
    }
  });

  it("counts a body that is too long to be shown", async () => {
    const n = 300_000;
    const response = await exchange(
      `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${n}\r\n\r\n${"x".repeat(n)}`,
    );
    assert.equal(bodyOf(response).bodySize, n);
    assert.equal(bodyOf(response).body.length, 65_536);
  });

  it("is a WebSocket when asked, with frames right behind the handshake", async () => {
    const frames = Buffer.concat([masked(1, "hello"), masked(9, "ping"), masked(1, "whoami"), masked(8, "\x03\xe8")]);
    const response = await exchange(
      "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n${frames.toString("latin1")}`,
    );
    // key and answer of RFC 6455 section 1.3
    assert.match(response, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
    const rest = response.slice(response.indexOf("\r\n\r\n") + 4);
    assert.ok(rest.startsWith("\x81\x05hello\x8a\x04ping\x81"));
    assert.match(rest, /"path":"\/ws"/);
    assert.ok(rest.endsWith("\x88\x02\x03\xe8"));
  });
});

function masked(opcode: number, text: string, final = true): Buffer {
  const mask = [1, 2, 3, 4];
  const data = Buffer.from(text, "latin1").map((byte, i) => byte ^ mask[i & 3]!);
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, 0x80 | data.length, ...mask]), data]);
}

describe("FrameReader", () => {
  const read = (bytes: Buffer, size: number) => {
    const reader = new FrameReader();
    const messages: [number, string][] = [];
    for (let at = 0; at < bytes.length; at += size) {
      for (const { opcode, data } of reader.read(bytes.subarray(at, at + size))) {
        messages.push([opcode, data.toString()]);
      }
    }
    return messages;
  };

  it("puts fragments together, control frames between them, however bytes are split", () => {
    const bytes = Buffer.concat([
      masked(1, "ab", false),
      masked(9, "p"),
      masked(0, "cd", false),
      masked(0, ""),
      masked(2, "x"),
    ]);
    for (let size = 1; size <= bytes.length; size++) {
      assert.deepEqual(read(bytes, size), [[9, "p"], [1, "abcd"], [2, "x"]]);
    }
  });

  const BAD: readonly [string, Buffer, number][] = [
    ["a frame without mask", formatFrame(1, Buffer.from("x")), 1002],
    ["reserved bits", Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002],
    ["a fragmented control frame", Buffer.from([0x09, 0x80, 0, 0, 0, 0]), 1002],
    ["a continuation of nothing", masked(0, "x"), 1002],
    ["a new message within another", Buffer.concat([masked(1, "a", false), masked(1, "b")]), 1002],
    ["an unknown opcode", masked(3, "x"), 1002],
    ["text that is not UTF-8", masked(1, "\xff\xfe"), 1007],
    ["a length of 2^62", Buffer.from([0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0]), 1009],
    ["a length over the limit", Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x20, 0, 0]), 1009],
  ];
  for (const [what, bytes, code] of BAD) {
    it(`refuses ${what}`, () => {
      assert.throws(() => read(bytes, bytes.length), (error) => error instanceof FrameError && error.code === code);
    });
  }
});

describe("formatFrame()", () => {
  it("writes the three lengths", () => {
    assert.deepEqual([...formatFrame(2, new Uint8Array(125)).subarray(0, 2)], [0x82, 125]);
    assert.deepEqual([...formatFrame(2, new Uint8Array(126)).subarray(0, 4)], [0x82, 126, 0, 126]);
    assert.deepEqual([...formatFrame(2, new Uint8Array(65_536)).subarray(0, 10)], [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
  });
});
