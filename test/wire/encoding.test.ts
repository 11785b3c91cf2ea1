import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { BodyCoding } from "../../src/http/mod.ts";
import { Opened } from "../support/opened.ts";
import { type BackendConnection, openPair, RawClient, TestFront } from "../support/wire.ts";

const opened = new Opened();

async function setUp(
  serve: (connection: BackendConnection) => void | Promise<void>,
  coding: BodyCoding,
): Promise<TestFront> {
  const { front } = await openPair(opened, serve, {
    responseHead: (exchange) => {
      exchange.bodyCoding = coding;
      exchange.response!.set("Content-Encoding", coding.name);
    },
  });
  return front;
}

/** Data of a chunked response. */
function unchunk(text: string): string {
  let rest = text.slice(text.indexOf("\r\n\r\n") + 4);
  let data = "";
  for (;;) {
    const size = parseInt(rest, 16);
    const at = rest.indexOf("\r\n") + 2;
    if (size === 0) return data;
    data += rest.slice(at, at + size);
    rest = rest.slice(at + size + 2);
  }
}

async function get(front: TestFront, client: RawClient): Promise<string> {
  const n = front.ended.length;
  client.text = "";
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.has("\r\n0\r\n\r\n");
  await front.end(n);
  return client.text;
}

for (const [name, decode] of [["gzip", gunzipSync], ["br", brotliDecompressSync]] as const) {
  describe(`a response that a hook wants in ${name}`, () => {
    const coding: BodyCoding = { name, level: 1 };

    it("is encoded, chunked, and leaves both connections usable", async () => {
      const body = "hello ".repeat(50_000);
      const front = await setUp(async (connection) => {
        for (let i = 1;; i++) {
          await connection.has("\r\n\r\n", i);
          connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        }
      }, coding);
      const client = await front.client();
      for (let i = 0; i < 2; i++) {
        const text = await get(front, client);
        assert.doesNotMatch(text.slice(0, text.indexOf("\r\n\r\n")), /Content-Length/);
        assert.equal(decode(Buffer.from(unchunk(text), "latin1")).toString(), body);
      }
      client.socket.destroy();
    });

    for (
      const [what, body, message] of [
        ["that is small", "abcdef", "Content-Length: 6\r\n\r\nabcdef"],
        ["that is empty", "", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
        ["of one chunk", "abcdef", "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n"],
        ["of two chunks", "abcdef", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"],
      ] as const
    ) {
      for (const level of [1, 9]) {
        it(`${what} is encoded as a whole, at level ${level}`, async () => {
          const front = await setUp(async (connection) => {
            for (let i = 1;; i++) {
              await connection.has("\r\n\r\n", i);
              connection.send(`HTTP/1.1 200 OK\r\n${message}`);
            }
          }, { name, level });
          const client = await front.client();
          for (let i = 0; i < 2; i++) {
            assert.equal(decode(Buffer.from(unchunk(await get(front, client)), "latin1")).toString(), body);
          }
          client.socket.destroy();
        });
      }
    }

    it("that comes in small pieces is encoded", async () => {
      const { promise: received, resolve: go } = Promise.withResolvers<void>();
      const front = await setUp(async (connection) => {
        await connection.has("\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
        await received;
        connection.send("def");
      }, coding);
      const client = await front.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.until(() => /\r\n\r\n[0-9a-f]+\r\n[^]/.test(client.text), "the first piece");
      go();
      await client.has("\r\n0\r\n\r\n");
      assert.equal(decode(Buffer.from(unchunk(client.text), "latin1")).toString(), "abcdef");
      client.socket.destroy();
    });

    it("goes out piece by piece as it comes", async () => {
      const front = await setUp(async (connection) => {
        await connection.has("\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        await connection.has("go");
        connection.send("3\r\ndef\r\n0\r\n\r\n");
      }, coding);
      const client = await front.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.until(() => /\r\n\r\n[0-9a-f]+\r\n[^]/.test(client.text), "the first piece");
      assert.equal(front.ended.length, 0);
      client.socket.destroy();
    });

    it("that breaks off is cut", async () => {
      const front = await setUp(async (connection) => {
        await connection.has("\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        connection.socket.end();
      }, coding);
      const client = await front.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assert.doesNotMatch(await client.end(), /\r\n0\r\n/);
      client.socket.destroy();
    });
  });
}

describe("an answer of our own", () => {
  it("is encoded with its length", async () => {
    const front = await TestFront.open({
      request: (exchange) => exchange.answer({ status: 200, body: "hello ä" }),
      responseHead: (exchange) => {
        exchange.bodyCoding = { name: "gzip", level: 1 };
      },
    });
    opened.keep(front);
    const text = await front.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const body = text.slice(text.indexOf("\r\n\r\n") + 4);
    assert.match(text, new RegExp(`Content-Length: ${body.length}\r\n`));
    assert.equal(gunzipSync(Buffer.from(body, "latin1")).toString(), "hello ä");
  });
});
