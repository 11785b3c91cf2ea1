import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Opened } from "../support/opened.ts";
import { answering, echo, openPair, type Serve, type TestFrontOptions } from "../support/wire.ts";

/** Date and Connection of every response, taken out. */
function withoutDate(text: string): string {
  return text.replace(/Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT\r\n/g, "");
}

const opened = new Opened();

const setUp = (serve: Serve, options?: TestFrontOptions) => openPair(opened, serve, options);

describe("a request", () => {
  it("goes out with the proxy's fields first, without hop-by-hop fields and those that Connection names", async () => {
    const { front } = await setUp(answering(echo));
    const client = await front.client();
    client.send(
      "GET /a%20b/../c?x=1 HTTP/1.1\r\nHost: A.Example:81\r\nuser-agent: t\r\nConnection: keep-alive, X-Hop\r\n" +
        "Keep-Alive: 5\r\nX-Hop: 1\r\nTE: trailers\r\nProxy: evil\r\nX-Real-IP: 6.6.6.6\r\nmy_header: x\r\nX-Two: a\r\nX-Two:b \r\n\r\n",
    );
    await client.has("X-Two:b \r\n\r\n");
    const body = client.text.slice(client.text.indexOf("\r\n\r\n") + 4);
    assert.equal(
      body,
      "GET /a%20b/../c?x=1 HTTP/1.1\r\nHost: A.Example:81\r\nX-Real-IP: 127.0.0.1\r\nuser-agent: t\r\nX-Two: a\r\nX-Two:b \r\n\r\n",
    );
    client.socket.destroy();
  });

  it("goes out without fields whose names are no names of fields", async () => {
    const { front } = await setUp(answering(echo));
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX[1]: a\r\nX(2): b\r\n\xc3\xa4: c\r\nX-Two: d\r\n\r\n");
    await client.has("X-Two: d\r\n\r\n");
    assert.ok(client.text.endsWith("GET / HTTP/1.1\r\nHost: a\r\nX-Real-IP: 127.0.0.1\r\nX-Two: d\r\n\r\n"));
    client.socket.destroy();
  });

  it("with an Upgrade field that is empty asks for no upgrade", async () => {
    const { front } = await setUp(answering(echo));
    const text = await front.exchange("GET / HTTP/1.1\r\nHost: a\r\nUpgrade:\r\nConnection: upgrade, close\r\n\r\n");
    assert.ok(text.endsWith("GET / HTTP/1.1\r\nHost: a\r\nX-Real-IP: 127.0.0.1\r\n\r\n"), text);
  });

  it("in absolute-form takes its authority and path from the target", async () => {
    const { front } = await setUp(answering(echo));
    const text = await front.exchange(
      "GET http://b.example/p?q HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
    );
    assert.match(text, /\r\n\r\nGET \/p\?q HTTP\/1\.1\r\nHost: b\.example\r\n/);
  });

  it("is read however its bytes are split", async () => {
    const { front } = await setUp(answering(echo));
    const client = await front.client();
    for (const char of "GET /split HTTP/1.1\r\nHost: a.example\r\nX-A: b\r\n\r\n") {
      client.send(char);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.has("GET /split HTTP/1.1\r\nHost: a.example\r\nX-Real-IP: 127.0.0.1\r\nX-A: b\r\n\r\n");
    client.socket.destroy();
  });
});

describe("a response", () => {
  it("keeps its reason and fields, less hidden and hop-by-hop ones, with a Date of ours", async () => {
    const { front } = await setUp(
      answering(() =>
        "HTTP/1.1 200 Fine indeed\r\nServer: x\r\nDate: old\r\nX-A: 1\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n" +
        "Keep-Alive: timeout=5\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Accel-Buffering: no\r\nContent-Length: 2\r\n\r\nok"
      ),
    );
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("\r\n\r\nok");
    assert.match(client.text, /Date: .* GMT\r\n/);
    assert.equal(
      withoutDate(client.text),
      "HTTP/1.1 200 Fine indeed\r\nContent-Length: 2\r\nConnection: keep-alive\r\nX-A: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nok",
    );
    client.socket.destroy();
  });

  it("of four lines of shell with LF and no length is understood", async () => {
    const { front } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 ok\nX-Real-IP: 10.0.0.1\n\nOK\n");
      connection.socket.end();
    });
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("0\r\n\r\n");
    assert.equal(
      withoutDate(client.text),
      "HTTP/1.1 200 ok\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\nX-Real-IP: 10.0.0.1\r\n\r\n3\r\nOK\n\r\n0\r\n\r\n",
    );
    client.socket.destroy();
  });

  it("keeps control characters in its fields, and line ends of CR CR LF", async () => {
    const { front } = await setUp(
      answering(() => "HTTP/1.1 200 OK\r\r\nX-A: b\x01c\r\r\nX-B: d\x7f\r\nContent-Length: 2\r\n\r\nok"),
    );
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("\r\n\r\nok");
    assert.ok(client.text.includes("\r\nX-A: b\x01c\r\nX-B: d\x7f\r\n"), client.text);
    client.socket.destroy();
  });

  it("of 426 keeps Upgrade, which it is about; others do not", async () => {
    const { front } = await setUp(
      answering((request) =>
        `HTTP/1.1 ${
          request.includes("/426") ? 426 : 200
        } X\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n`
      ),
    );
    const close = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert.match(await front.exchange(`GET /426 ${close}`), /\r\nUpgrade: websocket\r\n/);
    assert.doesNotMatch(await front.exchange(`GET /200 ${close}`), /Upgrade/);
  });

  it("without length goes to an HTTP/1.0 client as it is, and the connection ends", async () => {
    const { front } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    });
    const text = await front.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert.equal(withoutDate(text), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde");
  });

  it("passes chunks as they are, less extensions, with allowed trailers", async () => {
    const { front } = await setUp(
      answering(() =>
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;ext=1\r\nabc\r\n0002\r\nde\r\n0\r\nX-T: 1\r\nServer: hidden\r\nContent-Length: 5\r\n\r\n"
      ),
    );
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("0\r\nX-T: 1\r\n\r\n");
    assert.equal(
      client.text.slice(client.text.indexOf("\r\n\r\n") + 4),
      "3\r\nabc\r\n0002\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
    );
    client.socket.destroy();
  });

  it("is relayed whole however its bytes are split", async () => {
    const response =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;e\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n";
    const { front } = await setUp(async (connection) => {
      await connection.has("\r\n\r\n");
      for (const char of response) {
        connection.send(char);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("0\r\nX-T: 1\r\n\r\n");
    assert.equal(client.text.slice(client.text.indexOf("\r\n\r\n") + 4), "3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n");
    client.socket.destroy();
  });

  it("to HEAD has the length of the upstream and no body, and the connection goes on", async () => {
    const { front, backend } = await setUp(
      answering((head) => head.startsWith("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n" : echo(head)),
    );
    const client = await front.client();
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("\r\n\r\n");
    assert.equal(withoutDate(client.text), "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nConnection: keep-alive\r\n\r\n");
    client.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("GET /second");
    assert.equal(backend.connections.length, 1);
    client.socket.destroy();
  });

  for (
    const [status, fields, expected] of [
      [204, "Content-Length: 5\r\n", "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n"],
      [304, 'ETag: "x"\r\n', 'HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\nETag: "x"\r\n\r\n'],
      [200, "Content-Length: 0\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"],
    ] as const
  ) {
    it(`of status ${status} without a body leaves the connections usable`, async () => {
      const reasons = { 204: "No Content", 304: "Not Modified", 200: "OK" };
      const { front, backend } = await setUp(answering(() => `HTTP/1.1 ${status} ${reasons[status]}\r\n${fields}\r\n`));
      const client = await front.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.has("\r\n\r\n");
      assert.equal(withoutDate(client.text), expected);
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.has("\r\n\r\n", 2);
      assert.equal(backend.connections.length, 1);
      client.socket.destroy();
    });
  }

  it("may be announced by interim responses, of which 100 is not passed on", async () => {
    const { front } = await setUp(
      answering(() =>
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
      ),
    );
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("\r\n\r\nx");
    assert.match(
      client.text,
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
    );
    client.socket.destroy();
  });

  it("edited by a hook that takes its time is sent when the hook is done", async () => {
    let go = (): void => {};
    const waiting = new Promise<void>((resolve) => go = resolve);
    const { front } = await setUp(answering(echo), {
      responseHead: async (exchange) => {
        await waiting;
        exchange.response!.set("X-Hook", "1");
        exchange.response!.delete("content-type");
      },
    });
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    go();
    await client.has("GET / HTTP/1.1");
    assert.match(client.text, /X-Hook: 1\r\n/);
    assert.doesNotMatch(client.text, /Content-Type/);
    client.socket.destroy();
  });

  it("hand the upstream's connection back as they got it when they take their time", async () => {
    const { front, backend } = await setUp(answering(echo), { responseHead: () => Promise.resolve() });
    const client = await front.client();
    for (let i = 1; i <= 3; i++) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.has("GET / HTTP/1.1", i);
    }
    assert.equal(backend.connections.length, 1);
    client.socket.destroy();
  });
});

describe("client connections", () => {
  it("answer pipelined requests in their order", async () => {
    const { front } = await setUp(answering(echo));
    const text = await front.exchange(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" +
        "\r\nGET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    assert.deepEqual(text.match(/(?:GET|POST) \/[0-9]/g), ["GET /1", "POST /2", "GET /3"]);
    assert.equal(text.match(/Connection: close/g)?.length, 1);
  });

  it("end after keep-alive-requests, and at once with keep-alive 0", async () => {
    const { front } = await setUp(answering(echo), { wire: { keepAliveRequests: 2 } });
    const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const text = await front.exchange(get + get + get);
    assert.deepEqual(text.match(/Connection: [a-z-]+/g), ["Connection: keep-alive", "Connection: close"]);
    const off = await setUp(answering(echo), { wire: { keepAliveMs: 0 } });
    assert.match(await off.front.exchange(get), /Connection: close\r\n/);
  });

  it("survive a request whose answer did not need its body", async () => {
    const { front } = await setUp(answering(echo), { request: (exchange) => exchange.answer({ status: 403 }) });
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
    await client.has("</html>\r\n");
    client.send("56789GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("403 Forbidden\r\n", 2);
    client.socket.destroy();
  });

  it("end after an answer to a request whose large body nobody read, and the client gets the answer", async () => {
    const { front } = await setUp(answering(echo), { request: (exchange) => exchange.answer({ status: 403 }) });
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    client.send("x".repeat(1000000));
    const text = await client.end();
    assert.match(text, /^HTTP\/1\.1 403 Forbidden\r\n/);
    assert.match(text, /Connection: close\r\n/);
    client.socket.destroy();
  });

  it("get 100 Continue only when the body is wanted", async () => {
    const { front } = await setUp(answering(echo));
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    await client.has("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    await client.has("HTTP/1.1 200 OK");
    await client.has("Content-Length: 2\r\n\r\n");
    assert.doesNotMatch(client.text, /Expect/);
    client.socket.destroy();
    const refusing = await setUp(answering(echo), { settings: { maxBodyBytes: 10 } });
    const text = await refusing.front.exchange(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n",
    );
    assert.match(text, /^HTTP\/1\.1 413 /);
  });
});

describe("upstream connections", () => {
  it("are used again, unless idle connections are off", async () => {
    const { front, backend } = await setUp(answering(echo));
    const client = await front.client();
    for (let i = 1; i <= 5; i++) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.has("GET / HTTP/1.1", i);
    }
    assert.equal(backend.connections.length, 1);
    assert.equal(front.front.idleUpstreamConnections, 1);
    client.socket.destroy();
    const off = await setUp(answering(echo), {
      wire: { upstreamIdle: { connections: 0, timeoutMs: 1, requests: 1, lifetimeMs: 1 } },
    });
    const text = await off.front.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.match(text, /X-Real-IP: 127\.0\.0\.1\r\nConnection: close\r\n/);
  });

  it("with bytes behind the response are not used again", async () => {
    const { front, backend } = await setUp(
      answering(() => "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n"),
    );
    const client = await front.client();
    for (let i = 1; i <= 2; i++) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.has("\r\n\r\nx", i);
    }
    assert.equal(backend.connections.length, 2);
    client.socket.destroy();
  });
});
