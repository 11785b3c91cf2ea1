import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { Opened } from "../support/opened.ts";
import { answering, echo, openPair, pour, type Serve, type TestFrontOptions } from "../support/wire.ts";

const opened = new Opened();

/** The backend stands behind two endpoints: a second attempt reaches it again. */
const setUp = (serve: Serve, options?: TestFrontOptions) => openPair(opened, serve, options, 2);

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

function sha(text: string): string {
  return createHash("sha256").update(Buffer.from(text, "latin1")).digest("hex");
}

/** Bytes that are no text, and nowhere the same. */
function noise(length: number): string {
  let text = "";
  for (let i = 0; text.length < length; i++) text += createHash("sha256").update(String(i)).digest("latin1");
  return text.slice(0, length);
}

describe("with request buffering", () => {
  it("the upstream is connected to when the body is complete, and a chunked body gets a length", async () => {
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("abcde");
      connection.send(OK);
    });
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n");
    // the front reads this before a second client is served
    assert.match(await front.exchange("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"), /400/);
    assert.equal(backend.connections.length, 0);
    client.send("2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
    await client.has("\r\n\r\nok");
    assert.equal(
      backend.connections[0]!.text,
      "POST / HTTP/1.1\r\nHost: a\r\nX-Real-IP: 127.0.0.1\r\nContent-Length: 5\r\n\r\nabcde",
    );
    client.socket.destroy();
  });

  for (const bytes of [20_000, 70_000, 3_000_000]) {
    for (const framing of ["length", "chunked"] as const) {
      it(`a body of ${bytes} bytes (${framing}) passes through the temporary file unchanged, twice if need be`, async () => {
        const body = noise(bytes);
        const { front, backend } = await setUp(async (connection) => {
          await connection.until(
            () => connection.text.length >= connection.text.indexOf("\r\n\r\n") + 4 + bytes,
            "the body",
          );
          if (connection.number === 0) connection.socket.destroy();
          else connection.send(OK);
        }, {
          settings: {
            maxBodyBytes: 0,
            retry: {
              error: true,
              timeout: true,
              invalidHeader: false,
              statuses: [],
              nonIdempotent: true,
              tries: 3,
              timeoutMs: 0,
            },
          },
        });
        const client = await front.client();
        if (framing === "length") client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${body}`);
        else {
          client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
          for (let at = 0; at < bytes; at += 30_000) {
            const part = body.slice(at, at + 30_000);
            client.send(`${part.length.toString(16)}\r\n${part}\r\n`);
          }
          client.send("0\r\n\r\n");
        }
        await client.has("\r\n\r\nok");
        assert.equal(backend.connections.length, 2);
        for (const { text } of backend.connections) {
          const end = text.indexOf("\r\n\r\n") + 4;
          assert.match(text.slice(0, end), new RegExp(`\r\nContent-Length: ${bytes}\r\n`));
          assert.equal(sha(text.slice(end)), sha(body));
        }
        client.socket.destroy();
      });
    }
  }

  it("a body over the limit is refused by its length, before it is read", async () => {
    const { front, backend } = await setUp(answering(echo), { settings: { maxBodyBytes: 1000 } });
    const text = await front.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
    assert.match(text, /^HTTP\/1\.1 413 Request Entity Too Large\r\n/);
    assert.match(text, /Connection: close\r\n/);
    assert.equal(backend.connections.length, 0);
    assert.equal((await front.end(0)).status, 413);
  });

  it("a chunked body is refused when it grows over the limit, and the client gets to read that", async () => {
    const { front, backend } = await setUp(answering(echo), { settings: { maxBodyBytes: 1000 } });
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (let i = 0; i < 100; i++) client.send(`3e8\r\n${"x".repeat(1000)}\r\n`);
    const text = await client.end();
    assert.match(text, /^HTTP\/1\.1 413 /);
    assert.equal(backend.connections.length, 0);
    client.socket.destroy();
  });
});

describe("without request buffering", () => {
  const settings = { requestBuffering: false };

  it("the body is sent on as it comes, chunks framed anew", async () => {
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("0\r\n");
      connection.send(OK);
    }, { settings });
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n");
    const upstream = await backend.connection(0);
    await upstream.has("\r\n\r\n3\r\nabc\r\n");
    client.send("2\r\nde\r\n0\r\nX-Trailer: 1\r\nHost: evil\r\n\r\n");
    await client.has("\r\n\r\nok");
    assert.equal(
      upstream.text,
      "POST / HTTP/1.1\r\nHost: a\r\nX-Real-IP: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n",
    );
    client.socket.destroy();
  });

  it("a chunked body is still read whole for an HTTP/1.0 upstream", async () => {
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("abc");
      connection.send(OK);
      connection.socket.end();
    }, { settings: { requestBuffering: false, httpVersion: "1.0" } });
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    await client.has("\r\n\r\nok");
    assert.match(backend.connections[0]!.text, /^POST \/ HTTP\/1\.0\r\n[^]*Content-Length: 3\r\n\r\nabc$/);
    client.socket.destroy();
  });

  it("a large body keeps to the pace of the upstream", async () => {
    const body = noise(4_000_000);
    let received = 0;
    const hash = createHash("sha256");
    const { front, backend } = await setUp((connection) => {
      connection.socket.pause();
    }, { settings: { requestBuffering: false, maxBodyBytes: 0 } });
    const client = await front.client();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
    const upstream = await backend.connection(0);
    client.socket.write(Buffer.from(body, "latin1"));
    upstream.socket.removeAllListeners("data");
    let head = "";
    upstream.socket.on("data", (bytes: Buffer) => {
      if (!head.includes("\r\n\r\n")) {
        head += bytes.toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        bytes = Buffer.from(head.slice(end + 4), "latin1");
      }
      received += bytes.length;
      hash.update(bytes);
      if (received === body.length) upstream.send(OK);
    });
    upstream.socket.resume();
    await client.has("\r\n\r\nok");
    assert.equal(hash.digest("hex"), sha(body));
    client.socket.destroy();
  });

  it("a response before the end of the body is passed on, and both connections end", async () => {
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("abc");
      connection.send("HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\nno");
    }, { settings: { requestBuffering: false, maxBodyBytes: 0 } });
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc");
    const text = await client.end();
    assert.match(text, /^HTTP\/1\.1 422 No\r\n[^]*Connection: close\r\n\r\nno$/);
    await backend.connections[0]!.end();
    client.socket.destroy();
  });

  it("a body that turns out malformed is never ended at the upstream", async () => {
    const { front, backend } = await setUp(async (connection) => {
      await connection.end();
    }, { settings });
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    const upstream = await backend.connection(0);
    await upstream.has("abc");
    client.send("zz\r\n");
    assert.match(await client.end(), /^HTTP\/1\.1 400 /);
    assert.doesNotMatch(await upstream.end(), /\r\n0\r\n/);
    client.socket.destroy();
  });

  it("a body over the limit is cut at the upstream and refused to the client", async () => {
    const { front, backend } = await setUp(async (connection) => {
      await connection.end();
    }, { settings: { requestBuffering: false, maxBodyBytes: 5 } });
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    await (await backend.connection(0)).has("abc");
    client.send("3\r\ndef\r\n");
    assert.match(await client.end(), /^HTTP\/1\.1 413 /);
    assert.doesNotMatch(await backend.connections[0]!.end(), /def|\r\n0\r\n/);
    client.socket.destroy();
  });
});

describe("a client that goes away", () => {
  it("while its body is read costs nothing upstream", async () => {
    const { front, backend } = await setUp(answering(echo));
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    client.socket.end();
    await client.end();
    assert.equal((await front.end(0)).status, 400);
    assert.equal(backend.connections.length, 0);
  });

  for (const how of ["end", "destroy"] as const) {
    it(`in the middle of a head (${how}) is logged as 400, with its port`, async () => {
      const { front } = await setUp(answering(echo));
      const client = await front.client();
      const port = client.socket.localPort;
      client.send("GET / HTTP/1.1\r\nHost: a\r\n");
      while (front.front.counters.idle > 0 || front.front.counters.accepted === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      client.socket[how]();
      const ended = await front.end(0);
      assert.equal(ended.status, 400);
      assert.equal(ended.peerPort, port);
    });

    it(`while the upstream is at work (${how}) cuts the request there, and is logged as 499`, async () => {
      const { front, backend } = await setUp(async (connection) => {
        await connection.end();
      });
      const client = await front.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const upstream = await backend.connection(0);
      await upstream.has("\r\n\r\n");
      client.socket[how]();
      await upstream.end();
      const ended = await front.end(0);
      assert.equal(ended.status, 499);
      assert.equal(ended.attempts.length, 1);
    });
  }

  it("in the middle of the response cuts the upstream, and keeps the status", async () => {
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
      await connection.end();
    });
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("abc");
    client.socket.destroy();
    await (await backend.connection(0)).end();
    assert.equal((await front.end(0)).status, 200);
  });

  it("without reading a large response does not make it pile up", async () => {
    let sent = 0;
    const { front, backend } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
      pour(connection, 100_000_000, (bytes) => sent = bytes);
    });
    const client = await front.client();
    client.socket.pause();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await backend.connection(0);
    // the backend stalls when all buffers between are full
    let last = -1;
    while (sent !== last) {
      last = sent;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.ok(sent < 30_000_000, `${sent} bytes were taken from the upstream`);
    client.socket.destroy();
    await front.end(0);
  });
});
